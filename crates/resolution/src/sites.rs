//! Sites of one agency: by name, telephone and domain they look the same, and the agency says that they are not.

use std::collections::{BTreeMap, BTreeSet};

/// Of the pairs at two addresses those whose records are listed sites of one agency: two of its sites, not one.
///
/// `listed` are pairs of an agency and a site of its list, in either order; `elsewhere` pairs at two addresses.
#[must_use]
pub fn sites_apart<T: Copy + Ord>(listed: &[(T, T)], elsewhere: &[(T, T)]) -> Vec<(T, T)> {
    let mut agencies: BTreeMap<T, BTreeSet<T>> = BTreeMap::new();
    for (a, b) in listed {
        agencies.entry(*a).or_default().insert(*b);
        agencies.entry(*b).or_default().insert(*a);
    }
    let of = |site: &T| agencies.get(site);
    let is_apart = |(a, b): &&(T, T)| matches!((of(a), of(b)), (Some(a), Some(b)) if !a.is_disjoint(b));
    elsewhere.iter().filter(is_apart).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::sites_apart;

    #[test]
    fn only_sites_of_one_agency_are_told_apart() {
        let listed = [(1, 10), (11, 1), (2, 12)];
        let elsewhere = [(10, 11), (11, 12), (10, 13)];
        assert_eq!(sites_apart(&listed, &elsewhere), [(10, 11)]);
    }
}

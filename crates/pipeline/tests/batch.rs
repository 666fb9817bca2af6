//! The batch on all threads gives what the plain way gives, which compares every pair of every open block that is not
//! ruled out.

#[cfg(test)]
mod tests {
    use entity::{CandidatePair, Record, RecordId};
    use pipeline::batch::{self, Batch, Constraints, Evidence, Plan, Reducer};
    use resolution::{Component, Group, Node, WeightedPair};
    use scoring::{Model, Sketch};
    use std::collections::{BTreeMap, BTreeSet, HashMap};
    use std::num::NonZero;

    fn records(count: usize, seed: u64) -> Vec<Record> {
        sample::generate(count, seed, chrono::DateTime::UNIX_EPOCH)
            .map(|generated| generated.record)
            .collect()
    }

    /// The words of the definition, without any care for time or memory.
    fn plainly(records: &[Record], constraints: &[(usize, usize, bool)]) -> Vec<Group> {
        let model = Model::shipped();
        let features: Vec<_> = records.iter().map(scoring::features).collect();
        let mut blocks: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, features) in features.iter().enumerate() {
            for key in scoring::blocking_keys(features) {
                blocks.entry(key).or_default().push(at);
            }
        }
        let open = blocks.values().filter(|members| members.len() <= model.block_size_max());
        let pairs: BTreeSet<(usize, usize)> = open
            .flat_map(|members| members.iter().flat_map(|a| members.iter().map(move |b| (*a, *b))))
            .filter(|(a, b)| a < b)
            .collect();
        let sketches: Vec<_> = features.iter().map(Sketch::of).collect();
        let prior = model.prior(records.len() as u64);
        let pair = |a: usize, b: usize| CandidatePair::new(records[a].id, records[b].id).unwrap();
        let (mut weighted, mut told_apart) = (Vec::new(), Vec::new());
        let (mut listed, mut elsewhere) = (Vec::new(), Vec::new());
        for (a, b) in pairs.into_iter().filter(|(a, b)| !sketches[*a].rules_out(&sketches[*b])) {
            let vector = scoring::compare(&features[a], &features[b]);
            let match_weight = model.weigh(&vector);
            if model.keeps(&vector, match_weight) {
                listed.extend(vector.is_listed_site().then_some((a, b)));
                elsewhere.extend(vector.is_elsewhere().then_some((a, b)));
                weighted.push(WeightedPair { pair: pair(a, b), weight: match_weight + prior });
                told_apart.extend(vector.tells_apart().then(|| pair(a, b)));
            }
        }
        told_apart.extend(resolution::sites_apart(&listed, &elsewhere).iter().map(|(a, b)| pair(*a, *b)));
        let links = |wanted: bool| {
            let links = constraints.iter().filter(move |(_, _, must)| *must == wanted);
            links.map(|(a, b, _)| pair(*a, *b))
        };
        resolution::cluster(&Component {
            records: records
                .iter()
                .map(|record| Node { id: record.id, created_at: record.created_at })
                .collect(),
            pairs: weighted,
            must_links: links(true).collect(),
            never_links: links(false).chain(told_apart).collect(),
            threshold: model.threshold(),
        })
    }

    type Told = BTreeMap<RecordId, (RecordId, f64)>;

    /// Per record, its anchor and its probability.
    fn told(groups: &[Group]) -> Told {
        let of = |group: &Group| {
            let anchor = group.members[0].record_id;
            group
                .members
                .iter()
                .map(move |member| (member.record_id, (anchor, member.probability)))
                .collect::<Vec<_>>()
        };
        groups.iter().flat_map(of).collect()
    }

    fn run(records: &[Record], constraints: &Constraints, threads: usize) -> (Told, Vec<CandidatePair>) {
        let threads = NonZero::new(threads).unwrap();
        let plan = Plan { model: Model::shipped(), threads, evidence: Evidence::Levels };
        let reduced =
            batch::gather(threads, records.chunks(97), |chunk: &[Record], reducer: &mut Reducer| {
                (1..).zip(chunk).for_each(|(line, record)| reducer.push(record, line));
            });
        let (batch, blocks) = Batch::new(reduced, plan.model, threads);
        let pairs = batch.pairs(&blocks, &plan, |_| ());
        for at in 0..pairs.len() {
            let weight = plan.model.weigh(pairs.levels(at).unwrap()) + pairs.prior;
            assert!((weight - batch.pair(&pairs, at).weight).abs() < 1e-6, "levels belong to their pair");
        }
        let clusters = batch.clusters(&pairs, constraints, &plan);
        let told = clusters.iter().flat_map(|members| {
            let anchor = batch.id(members.anchor());
            members.iter().map(|(number, p)| (batch.id(number), (anchor, p))).collect::<Vec<_>>()
        });
        (told.collect(), clusters.conflicts.clone())
    }

    #[test]
    fn all_threads_find_what_the_plain_way_finds() {
        for seed in 1..4 {
            let records = records(1500, seed);
            let expected = plainly(&records, &[]);
            assert!(expected.iter().filter(|group| group.members.len() > 1).count() > 100);
            assert_eq!(batch::dedupe(&records, Model::shipped(), |_| ()), expected);
            for threads in [1, 3] {
                assert_eq!(run(&records, &Constraints::default(), threads).0, told(&expected));
            }
        }
    }

    #[test]
    fn judgements_hold_as_in_the_plain_way() {
        let records = records(800, 9);
        let found = plainly(&records, &[]);
        let place = |id: RecordId| records.iter().position(|record| record.id == id).unwrap();
        // Some pairs of one cluster are taken apart, some records of different clusters joined, and some both.
        let mut links: Vec<(usize, usize, bool)> = Vec::new();
        for group in found.iter().filter(|group| group.members.len() > 1).step_by(3) {
            links.push((place(group.members[0].record_id), place(group.members[1].record_id), false));
        }
        for two in found.windows(2).step_by(17) {
            links.push((place(two[0].members[0].record_id), place(two[1].members[0].record_id), true));
        }
        let (a, b, _) = links[0];
        links.push((a, b, true));
        let expected = plainly(&records, &links);
        let number = |at: usize| u32::try_from(at).unwrap();
        let of = |wanted: bool| links.iter().filter(move |(_, _, must)| *must == wanted);
        let constraints = Constraints {
            must: of(true).map(|(a, b, _)| (number(*a), number(*b))).collect(),
            never: of(false).map(|(a, b, _)| (number(*a), number(*b))).collect(),
        };
        let (answer, conflicts) = run(&records, &constraints, 2);
        assert_eq!(answer, told(&expected));
        assert_eq!(conflicts, [CandidatePair::new(records[a].id, records[b].id).unwrap()]);
    }

    #[test]
    fn two_numbers_in_one_register_are_never_one_cluster() {
        let told = records(200, 3).into_iter().find(|record| !record.organization.identifiers.is_empty());
        let told = told.unwrap();
        let telling = |source: &str, number: Option<&str>| {
            let mut record = told.clone();
            record.id = entity::id::derive(source, "organization", "1").into();
            record.organization.tax_id = None;
            let identifiers = &mut record.organization.identifiers;
            identifiers.truncate(usize::from(number.is_some()));
            identifiers.iter_mut().for_each(|one| one.identifier = number.unwrap_or_default().to_owned());
            record
        };
        let (one, other) = (telling("a", Some("12-3456789")), telling("b", Some("98-7654321")));
        let neither = telling("c", None);
        let model = Model::shipped();
        let vector = scoring::compare(&scoring::features(&one), &scoring::features(&other));
        assert!(vector.is_registry_conflict());
        let weight = model.weigh(&vector) + model.prior(3);
        assert!(weight > model.threshold(), "all else would join them: {weight}");
        let apart = |group: &Group| {
            let has = |id| group.members.iter().any(|member| member.record_id == id);
            !(has(one.id) && has(other.id))
        };
        let found = batch::dedupe(&[one.clone(), neither.clone(), other.clone()], model, |_| ());
        assert!(found.iter().all(apart), "{found:?}");
        assert_eq!(found.len(), 2, "the one without a number is with one of them: {found:?}");
        let reversed = batch::dedupe(&[other.clone(), neither, one.clone()], model, |_| ());
        assert_eq!(found, reversed, "order makes no difference");
    }

    #[test]
    fn a_record_told_twice_counts_once() {
        let mut records = records(50, 4);
        let expected = batch::dedupe(&records, Model::shipped(), |_| ());
        records.push(records[7].clone());
        assert_eq!(batch::dedupe(&records, Model::shipped(), |_| ()), expected);
    }
}

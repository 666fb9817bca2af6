//! Where the members are: distances in plain words, and a sketch of their places.

use super::look::Look;
use maud::{Markup, html};

/// Half the width of the sketch, and how far its dots stay from the edge.
const HALF: f64 = 100.0;
const REACH: f64 = 76.0;
const EARTH_RADIUS_M: f64 = 6_371_000.0;
const METRES_PER_DEGREE: f64 = EARTH_RADIUS_M * std::f64::consts::PI / 180.0;
/// Pairs told in words.
const TOLD_MAX: usize = 6;

/// A member's letter, degrees north, degrees east.
type Spot = (String, f64, f64);

/// Metres between two places, along the ground.
fn metres(a: &Spot, b: &Spot) -> f64 {
    let (north_a, north_b) = (a.1.to_radians(), b.1.to_radians());
    let (north, east) = ((north_b - north_a) / 2.0, (b.2 - a.2).to_radians() / 2.0);
    let h = north.sin().powi(2) + north_a.cos() * north_b.cos() * east.sin().powi(2);
    2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
}

/// A distance as people say it.
fn words(metres: f64) -> String {
    match metres {
        m if m < 20.0 => "at the same place".to_owned(),
        m if m < 150.0 => format!("{:.0} m apart: next door or so", (m / 10.0).round() * 10.0),
        m if m < 1000.0 => format!("{:.0} m apart: a short walk", (m / 50.0).round() * 50.0),
        m if m < 10_000.0 => format!("{:.1} km apart: the same town", m / 1000.0),
        m if m < 100_000.0 => format!("{:.0} km apart: the same region", m / 1000.0),
        m => format!("{:.0} km apart: far away", m / 1000.0),
    }
}

pub(super) fn section(look: &Look) -> Markup {
    let spot = |member: &super::look::Member| {
        let (north, east) = member.record.as_ref()?.point()?;
        Some((member.letter.clone(), north, east))
    };
    let spots: Vec<Spot> = look.members.iter().filter_map(spot).collect();
    let silent = look.members.len() - spots.len();
    html! {
        section aria-labelledby="places" {
            h2 #places { "Where they are" }
            @if spots.len() < 2 {
                p.hint { "Fewer than two of them tell where they are, so that there is no distance." }
            } @else {
                ul.plain { @for (at, left) in spots.iter().enumerate() { @for right in &spots[at + 1..] {
                    @if told(at, &spots) { li { b { (left.0) " and " (right.0) } ": " (words(metres(left, right))) } }
                } } }
                @if silent > 0 { p.hint { (silent) " of them do not tell where they are." } }
                details #map data-toggle="g" {
                    summary { "Map " kbd { "g" } }
                    (sketch(&spots))
                }
            }
        }
    }
}

/// Of many members, only the distances of the first few are told; the map shows the rest.
fn told(at: usize, spots: &[Spot]) -> bool {
    spots.len() <= 4 || at * spots.len() < TOLD_MAX
}

/// Dots to scale, north up, with a bar for the scale; no tiles, nobody is asked.
fn sketch(spots: &[Spot]) -> Markup {
    let count = f64::from(u32::try_from(spots.len()).unwrap_or(1));
    let north = spots.iter().map(|spot| spot.1).sum::<f64>() / count;
    let east = spots.iter().map(|spot| spot.2).sum::<f64>() / count;
    let flat: Vec<(f64, f64)> = spots
        .iter()
        .map(|spot| {
            let x = (spot.2 - east) * METRES_PER_DEGREE * north.to_radians().cos();
            (x, (north - spot.1) * METRES_PER_DEGREE)
        })
        .collect();
    let far = flat.iter().flat_map(|(x, y)| [x.abs(), y.abs()]).fold(25.0, f64::max);
    let scale = REACH / far;
    let (bar, label) = bar(far);
    html! {
        svg.sketch viewBox="0 0 200 214" role="img" aria-label="A sketch of the places, north up" {
            rect.frame x="1" y="1" width="198" height="198" rx="6" {}
            @for ((letter, _, _), (x, y)) in spots.iter().zip(&flat) {
                circle.spot cx=(format!("{:.1}", HALF + x * scale)) cy=(format!("{:.1}", HALF + y * scale)) r="4" {}
                text.spot x=(format!("{:.1}", HALF + x * scale + 6.0)) y=(format!("{:.1}", HALF + y * scale - 5.0)) { (letter) }
            }
            line.scale x1="6" x2=(format!("{:.1}", 6.0 + bar * scale)) y1="208" y2="208" {}
            text.scale x=(format!("{:.1}", 11.0 + bar * scale)) y="212" { (label) }
        }
    }
}

/// A round length that fits the sketch.
fn bar(far: f64) -> (f64, String) {
    let power = 10_f64.powf(far.log10().floor());
    let length = [5.0, 2.0, 1.0].into_iter().map(|step| step * power).find(|length| *length <= far);
    let length = length.unwrap_or(far);
    let label = if length >= 1000.0 { format!("{} km", length / 1000.0) } else { format!("{length} m") };
    (length, label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_earth() {
        let spot = |north, east| (String::new(), north, east);
        let berlin_hamburg = metres(&spot(52.520, 13.405), &spot(53.551, 9.994));
        assert!((berlin_hamburg - 255_500.0).abs() < 1000.0, "{berlin_hamburg}");
        assert!(metres(&spot(1.0, 2.0), &spot(1.0, 2.0)) < 1e-9);
        // Across the date line.
        let near = metres(&spot(0.0, 179.99), &spot(0.0, -179.99));
        assert!((near - 2224.0).abs() < 5.0, "{near}");
        let said = [3.0, 118.0, 730.0, 3_400.0, 41_200.0, 255_500.0].map(words);
        assert_eq!(said[0], "at the same place");
        assert!(said[1].starts_with("120 m") && said[2].starts_with("750 m"), "{said:?}");
        assert!(said[3].starts_with("3.4 km") && said[4].starts_with("41 km"), "{said:?}");
        assert_eq!(bar(730.0), (500.0, "500 m".to_owned()));
        assert_eq!(bar(2_500.0), (2000.0, "2 km".to_owned()));
    }
}

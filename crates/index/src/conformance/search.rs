//! People find records by name, place or telephone, typing errors allowed.

use super::{Bed, delete, document, done, id, write};
use crate::port::{Index, IndexWrite};
use entity::{RecordId, SearchFields};

/// Name as shown, folded names, places, telephones.
const ORGANIZATIONS: [[&str; 4]; 8] = [
    [
        "Golden Harbor Community Center",
        "golden harbor community center",
        "12 oak street austin tx 78701",
        "5125550142",
    ],
    [
        "First Baptist Church",
        "first baptist church fbc",
        "400 main street portland or 97201",
        "5035550199 18005550111",
    ],
    ["Riverside Clinic", "riverside clinic", "9 river road madison wi 53703", "6085550123"],
    ["Święty Józef Parish", "swiety jozef parish", "77 lake avenue chicago il 60601", "3125550177"],
    ["Helping Hands", "helping hands", "1 market square springfield il 62701", ""],
    ["Ελληνική Κοινότητα", "ελληνικη κοινοτητα", "5 astoria boulevard new york ny 11102", "7185550166"],
    ["東京教会", "東京教会", "tokyo", "0312345678"],
    ["Golden Years", "golden years", "12 elm street madison wi 53703", "6085550188"],
];

fn organization(n: usize) -> IndexWrite {
    let [name, names, places, phones] = ORGANIZATIONS[n].map(str::to_owned);
    let mut document = document(n as u64, 1, &[]);
    document.search = SearchFields { name, names, places, phones };
    IndexWrite::Upsert(document)
}

async fn fill(index: &dyn Index) {
    write(index, (0..ORGANIZATIONS.len()).map(organization).collect()).await;
}

async fn found(index: &dyn Index, text: &str) -> Vec<RecordId> {
    done(index.search(text, 10).await).into_iter().map(|hit| hit.id).collect()
}

#[track_caller]
fn first_is(found: &[RecordId], n: u64, text: &str) {
    assert_eq!(found.first(), Some(&id(n)), "{text:?} finds {found:?}");
}

/// Whole names, parts, beginnings, and words with one error, or two where they are long.
pub async fn names_are_found_with_typing_errors(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    fill(index).await;
    let cases = [
        ("golden harbor community center", 0),
        ("GOLDEN Harbor", 0),
        ("harbor", 0),
        ("goldne harbour", 0),
        ("baptst church", 1),
        ("first bapitst", 1),
        ("irst baptist", 1),
        ("rivreside clinc", 2),
        ("xiverside", 2),
        ("helpin hadns", 4),
        ("river", 2),
        ("Święty Józef", 3),
        ("swiety jozef", 3),
        ("ελληνική", 5),
        ("東京", 6),
        ("golden years", 7),
    ];
    for (text, expected) in cases {
        first_is(&found(index, text).await, expected, text);
    }
    let hits = done(index.search("golden", 10).await);
    let mut names: Vec<&str> = hits.iter().map(|hit| hit.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Golden Harbor Community Center", "Golden Years"]);
    assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score), "best first: {hits:?}");
    assert_eq!(done(index.search("golden", 1).await).len(), 1, "no more than asked for");
    assert!(found(index, "zzzzzzzz").await.is_empty());
    assert!(found(index, "hq").await.is_empty(), "short words are meant as typed");
}

/// Streets, cities, postal codes; numbers whole, by their last digits, and as people write them.
pub async fn places_and_telephones_are_found(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    fill(index).await;
    let cases = [
        ("austin", 0),
        ("78701", 0),
        ("portlnd", 1),
        ("market square springfield", 4),
        ("clinic madison", 2),
        ("5125550142", 0),
        ("(512) 555-0142", 0),
        ("+1 512 555 0142", 0),
        ("15125550142", 0),
        ("555-0142", 0),
        ("0142", 0),
        ("50142", 0),
        ("8005550111", 1),
        ("0111", 1),
        ("608 555 0188", 7),
    ];
    for (text, expected) in cases {
        first_is(&found(index, text).await, expected, text);
    }
}

/// Deleted documents, and words of an older version.
pub async fn what_is_gone_is_not_found(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    fill(index).await;
    write(index, vec![delete(0, 2)]).await;
    assert_eq!(found(index, "golden").await, [id(7)]);
    assert!(found(index, "harbor").await.is_empty());
    let mut renamed = document(2, 2, &[]);
    renamed.search.name = "Lakeside Hospital".to_owned();
    renamed.search.names = "lakeside hospital".to_owned();
    write(index, vec![IndexWrite::Upsert(renamed)]).await;
    assert!(found(index, "clinic").await.is_empty());
    let hits = done(index.search("lakeside", 10).await);
    assert_eq!(hits.iter().map(|hit| hit.name.as_str()).collect::<Vec<_>>(), ["Lakeside Hospital"]);
}

/// Whatever is typed is words, never syntax.
pub async fn any_text_is_a_query(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    fill(index).await;
    let nothing =
        ["", "   ", "\"", "*", "'; DROP TABLE document; --", "()", "\0", "NOT", "names:", "\u{301}"];
    for text in nothing {
        found(index, text).await;
    }
    for text in ["golden AND (harbor", "\"golden\" OR -harbor*", "names : golden^3 harbor~", "harbor\0"] {
        first_is(&found(index, text).await, 0, text);
    }
    first_is(&found(index, &"harbor ".repeat(3_000)).await, 0, "a long text");
    found(index, &"x".repeat(50_000)).await;
}

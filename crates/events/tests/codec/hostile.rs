//! Bytes that nobody should trust.

use crate::codec;
use crate::values::Dice;
use entity::event::{MergeChanged, OrganizationChanged, RedirectChanged};
use events::Error;
use events::codec::Codec;
use events::topics::Product;
use serde_json::json;
use uuid::Uuid;

async fn corrupt(codec: &Codec, bytes: &[u8], expected: &str) {
    match codec.decode_json(bytes).await {
        Err(Error::Corrupt(text)) => assert!(text.contains(expected), "{text}"),
        other => panic!("{bytes:?} gave {other:?}"),
    }
}

#[tokio::test]
async fn bytes_that_are_no_value_are_refused_with_the_reason() {
    let (codec, _folder) = codec().await;
    let bytes = codec.encode(Product::Redirect, &Dice::new(7).redirect_changed()).unwrap();
    corrupt(&codec, b"", "no bytes").await;
    corrupt(&codec, b"{\"id\":1}", "begins with byte 123").await;
    corrupt(&codec, &bytes[..4], "too short").await;
    corrupt(&codec, &[&[0, 0, 0, 3, 231], &bytes[5..]].concat(), "no schema 999").await;
    corrupt(&codec, &[0, 255, 255, 255, 255, 1], "no schema -1").await;
    corrupt(&codec, &[&bytes[..], b"x"].concat(), "1 bytes too many").await;
    for length in 5..bytes.len() {
        corrupt(&codec, &bytes[..length], "cannot be read").await;
    }
    // Right bytes of another topic.
    assert!(matches!(codec.decode::<MergeChanged>(&bytes).await, Err(Error::Corrupt(_))));
    // An operation that this version does not know.
    let unknown = json!({"id": Uuid::nil(), "version": 1, "op": "explode", "redirect_to": null});
    let bytes = codec.encode(Product::Redirect, &unknown).unwrap();
    assert!(matches!(codec.decode::<RedirectChanged>(&bytes).await, Err(Error::Corrupt(_))));
}

#[tokio::test]
async fn hostile_lengths_take_neither_memory_nor_time() {
    let (codec, _folder) = codec().await;
    let mut dice = Dice::new(99);
    let bytes = codec.encode(Product::Organization, &dice.organization_changed()).unwrap();
    let frame = |datum: &[u8]| [&bytes[..5], datum].concat();
    // A string, a list, and a list in blocks that claim 2^62 items or bytes.
    let claim = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    corrupt(&codec, &frame(&claim), "cannot be read").await;
    let head = [&[72][..], &[b'0'; 36], &[2, 2, b'x', 0, 2]].concat();
    corrupt(&codec, &frame(&[&head[..], &claim].concat()), "cannot be read").await;
    let least = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 2];
    corrupt(&codec, &frame(&[&head[..], &least].concat()), "cannot be read").await;
    // Bytes changed at random are refused or read as something, and never end the process.
    for _ in 0..20_000 {
        let mut bytes = bytes.clone();
        for _ in 0..=dice.roll(4) {
            let at = 5 + usize::try_from(dice.roll(bytes.len() as u64 - 5)).unwrap();
            bytes[at] = u8::try_from(dice.roll(256)).unwrap();
        }
        bytes.truncate(bytes.len() - usize::try_from(dice.roll(3)).unwrap());
        if let Err(error) = codec.decode_known::<OrganizationChanged>(&bytes) {
            assert!(matches!(error, Error::Corrupt(_)), "{error}");
        }
    }
}

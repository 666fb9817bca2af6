//! Cases about who may come in.

use super::fixture::at;
use super::{Backend, DataProduct};
use crate::access::{ApiToken, PendingLogin, Role, Session};
use crate::audit::AuditQuery;
use crate::error::Error;
use chrono::NaiveDate;
use uuid::Uuid;

fn token(number: i64, roles: &[Role]) -> ApiToken {
    ApiToken {
        id: Uuid::now_v7(),
        name: format!("ana {number}"),
        roles: roles.iter().copied().collect(),
        created_by: "ben".to_owned(),
        created_at: at(number),
        expires_at: at(number + 100),
        revoked: None,
        last_used_day: None,
    }
}

/// Tokens are found by the hash of their secret, end when they are revoked or expire, and show the day of their use.
pub async fn tokens_open_until_they_end(backend: &dyn Backend) {
    let store = backend.organizations().await;
    assert_eq!(store.tokens().await.expect("listed"), []);
    let (first, second) = (token(1, &[Role::Reviewer]), token(2, &[Role::Service, Role::Viewer]));
    store.add_token(&first, &[1; 32]).await.expect("kept");
    store.add_token(&second, &[2; 32]).await.expect("kept");
    let again = store.add_token(&token(3, &[]), &[2; 32]).await;
    assert!(again.is_err(), "a secret opens one token");
    assert_eq!(store.tokens().await.expect("listed"), [second.clone(), first.clone()], "newest first");
    assert_eq!(store.token_of(&[1; 32]).await.expect("found"), Some(first.clone()));
    assert_eq!(store.token_of(&[3; 32]).await.expect("looked up"), None);
    assert!(first.is_valid_at(at(100)) && !first.is_valid_at(at(101)));

    let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
    for noted in [25, 26, 24] {
        store.note_token_use(first.id, day(noted)).await.expect("noted");
    }
    let used = store.token_of(&[1; 32]).await.expect("found").expect("there");
    assert_eq!(used.last_used_day, Some(day(26)), "never back");

    let revoked = store.revoke_token(first.id, "ben", at(5)).await.expect("revoked");
    assert_eq!(revoked.revoked, Some(("ben".to_owned(), at(5))));
    assert!(!revoked.is_valid_at(at(6)));
    let twice = store.revoke_token(first.id, "cleo", at(9)).await.expect("harmless");
    assert_eq!(twice.revoked, revoked.revoked, "the first end stays");
    let actions = written(&*store).await;
    assert_eq!(actions, ["token.create ben", "token.create ben", "token.revoke ben"], "each once");
    let unknown = store.revoke_token(Uuid::nil(), "ben", at(5)).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
}

/// What the audit log says was done, and by whom.
async fn written(store: &dyn DataProduct) -> Vec<String> {
    let entries = store.audit(&AuditQuery::default(), 0, 100).await.expect("read");
    entries.iter().map(|entry| format!("{} {}", entry.action, entry.actor)).collect()
}

fn session(token_id: Option<Uuid>, begun: i64) -> Session {
    Session {
        name: "ana".to_owned(),
        roles: [Role::Approver].into_iter().collect(),
        token_id,
        created_at: at(begun),
        seen_at: at(begun),
        expires_at: at(begun + 50),
    }
}

/// A session holds until it is ended, forgotten, or its token ends; what it may do is what its token may do now.
pub async fn sessions_end_with_what_vouched_for_them(backend: &dyn Backend) {
    let store = backend.organizations().await;
    let token = token(1, &[Role::Reviewer]);
    store.add_token(&token, &[1; 32]).await.expect("kept");
    let (by_token, by_provider) = (session(Some(token.id), 2), session(None, 2));
    store.add_session(&by_token, &[5; 32]).await.expect("begun");
    store.add_session(&by_provider, &[6; 32]).await.expect("begun");
    let found = store.session_of(&[5; 32], at(3)).await.expect("found").expect("there");
    assert_eq!(found, Session { roles: token.roles.clone(), ..by_token });
    assert_eq!(store.session_of(&[6; 32], at(3)).await.expect("found"), Some(by_provider.clone()));
    assert_eq!(store.session_of(&[7; 32], at(3)).await.expect("looked up"), None);
    assert_eq!(store.session_of(&[5; 32], at(101)).await.expect("looked up"), None, "its token has expired");

    store.note_session_use(&[6; 32], at(9)).await.expect("noted");
    let seen = store.session_of(&[6; 32], at(9)).await.expect("found").expect("there");
    assert_eq!(seen, Session { seen_at: at(9), ..by_provider });

    store.revoke_token(token.id, "ben", at(10)).await.expect("revoked");
    assert_eq!(store.session_of(&[5; 32], at(10)).await.expect("looked up"), None, "its token was revoked");
    store.end_session(&[6; 32]).await.expect("ended");
    store.end_session(&[6; 32]).await.expect("harmless");
    assert_eq!(store.session_of(&[6; 32], at(10)).await.expect("looked up"), None);

    store.note_refusal("there is no such token", "192.0.2.1", at(10)).await.expect("written down");
    let actions = written(&*store).await;
    let told = ["session.begin ana", "session.begin ana", "token.revoke ben", "sign-in.refused nobody"];
    assert_eq!(actions[1..], told);

    store.add_session(&session(None, 2), &[8; 32]).await.expect("begun");
    store.add_session(&session(None, 60), &[9; 32]).await.expect("begun");
    assert_eq!(
        store.session_of(&[8; 32], at(3)).await.expect("looked up"),
        None,
        "what is over is forgotten"
    );
    assert!(store.session_of(&[9; 32], at(61)).await.expect("found").is_some());
}

/// A login that has begun is given back once.
pub async fn a_login_is_taken_once(backend: &dyn Backend) {
    let store = backend.organizations().await;
    let login = PendingLogin {
        nonce: "nonce".to_owned(),
        verifier: "verifier".to_owned(),
        return_to: "/clusters?x=1".to_owned(),
        expires_at: at(10),
    };
    store.add_login(&login, &[1; 32]).await.expect("kept");
    assert_eq!(store.take_login(&[2; 32]).await.expect("looked up"), None);
    assert_eq!(store.take_login(&[1; 32]).await.expect("taken"), Some(login));
    assert_eq!(store.take_login(&[1; 32]).await.expect("looked up"), None);
}

//! What went wrong in a browser.

use doorward::domain::ledger::EventType;
use doorward::domain::ledger::event::Event;
use doorward::error::Error;
use doorward::store::Change;
use doorward::store::sql::flow_errors;
use jiff::ToSpan as _;
use serde_json::json;
use uuid::Uuid;

use super::Place;
use crate::support;

#[test]
fn errors_are_shown_until_their_time_is_over_and_unknown_ones_are_404() {
    let place = Place::new();
    let [kept, over] = [1u128, 2].map(Uuid::from_u128);
    let now = place.d.clock.now();
    let error = json!({"code": 400, "status": "Bad Request", "reason": "no", "message": "x"});
    place
        .d
        .store
        .write(&support::operator().author(), |tx| {
            flow_errors::insert(tx, kept, &error, now, now + 1.hour())?;
            flow_errors::insert(tx, over, &error, now - 2.hours(), now - 1.hour())?;
            let event = Event::new(EventType::AdminConfigChanged).data("source", "test");
            Ok::<_, Error>(Change::of((), event, []))
        })
        .unwrap();
    let ask = |id: &str| place.server.public("GET", &format!("/self-service/errors?id={id}"), &[]);
    let shown = ask(&kept.to_string()).must(200).json();
    assert_eq!((&shown["id"], &shown["error"]), (&kept.to_string().into(), &error));
    assert!(shown["created_at"].is_string() && shown["updated_at"].is_string());
    for id in [over.to_string(), Uuid::nil().to_string(), "x".to_owned(), String::new()] {
        ask(&id).must(404);
    }
    place.server.public("GET", "/self-service/errors", &[]).must(404);
    let sample = ask("stub:500").must(200).json();
    assert_eq!((&sample["id"], &sample["error"]["code"]), (&"stub:500".into(), &500.into()));
}

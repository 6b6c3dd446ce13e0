//! Many clients at once, and an end without warning.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use super::server::Server;

const WRITERS: usize = 24;
const READERS: usize = 200;

fn client() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(std::time::Duration::from_secs(60))).build().into()
}

/// Creates somebody; the id, once that is acknowledged.
fn create(client: &ureq::Agent, base: &str, email: &str) -> Result<String, String> {
    let body = json!({"schema_id": "social_user_v0", "traits": {"email": email}});
    let answer = client.post(format!("{base}/admin/identities")).send_json(body);
    let mut answer = answer.map_err(|error| error.to_string())?;
    let code = answer.status().as_u16();
    let document: Value = answer.body_mut().read_json().map_err(|error| error.to_string())?;
    match document["id"].as_str() {
        Some(id) if code == 201 => Ok(id.to_owned()),
        _ => Err(format!("{code}: {document}")),
    }
}

fn read(client: &ureq::Agent, address: &str) -> u16 {
    let mut answer = client.get(address).call().unwrap();
    answer.body_mut().read_to_vec().unwrap();
    answer.status().as_u16()
}

#[test]
fn twenty_four_writers_and_two_hundred_readers_meet_no_error() {
    let server = Server::with("log_level: error\n");
    let known = create(&client(), &server.admin, "first@example.com").unwrap();
    let (ids, wrong) = (Mutex::new(vec![known]), Mutex::new(Vec::<String>::new()));
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (server, ids, wrong) = (&server, &ids, &wrong);
            scope.spawn(move || {
                let client = client();
                for n in 0..10 {
                    let email = format!("w{writer}-{n}@example.com");
                    match create(&client, &server.admin, &email) {
                        Ok(id) => ids.lock().unwrap().push(id),
                        Err(error) => wrong.lock().unwrap().push(format!("create: {error}")),
                    }
                }
            });
        }
        for reader in 0..READERS {
            let (server, ids, wrong) = (&server, &ids, &wrong);
            scope.spawn(move || {
                let client = client();
                for n in 0..20 {
                    let id = {
                        let ids = ids.lock().unwrap();
                        ids[(reader * 31 + n * 17) % ids.len()].clone()
                    };
                    let (path, wanted) = match n % 4 {
                        0 => (format!("{}/admin/identities/{id}", server.admin), 200),
                        1 => (format!("{}/sessions/whoami", server.public), 401),
                        2 => (format!("{}/admin/identities?page_size=5", server.admin), 200),
                        _ => (format!("{}/admin/doorward/identities/{id}", server.admin), 200),
                    };
                    let code = read(&client, &path);
                    if code != wanted {
                        wrong.lock().unwrap().push(format!("{code} from {path}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} errors, first {:?}", wrong.len(), wrong.first());
    let ids: BTreeSet<String> = ids.into_inner().unwrap().into_iter().collect();
    assert_eq!(ids.len(), WRITERS * 10 + 1);
    let report = server.admin("GET", "/admin/doorward/audit/verify").must(200).json();
    assert_eq!((&report["ok"], &report["verdict"]), (&json!(true), &json!("intact")));
}

#[test]
fn dur_01_a_kill_under_load_loses_no_write_that_was_acknowledged() {
    let mut server = Server::with("log_level: error\n");
    let mut acknowledged = BTreeSet::new();
    for round in 0..4 {
        let (told, down) = (Mutex::new(BTreeSet::new()), AtomicBool::new(false));
        thread::scope(|scope| {
            for writer in 0..12 {
                let (base, told, down) = (server.admin.clone(), &told, &down);
                scope.spawn(move || {
                    let client = client();
                    for n in 0.. {
                        let email = format!("r{round}-w{writer}-{n}@example.com");
                        match create(&client, &base, &email) {
                            Ok(id) => drop(told.lock().unwrap().insert(id)),
                            // What is in flight at the end may fail; nothing may before.
                            Err(error) if down.load(Ordering::Acquire) => return drop(error),
                            Err(error) => panic!("refused while the service runs: {error}"),
                        }
                    }
                });
            }
            while told.lock().unwrap().len() < 40 + round * 15 {
                thread::sleep(std::time::Duration::from_millis(2));
            }
            down.store(true, Ordering::Release);
            server.kill();
        });
        server.start_again();
        acknowledged.extend(told.into_inner().unwrap());
        for id in &acknowledged {
            assert_eq!(server.admin("GET", &format!("/admin/identities/{id}")).code, 200, "{id}");
        }
        let report = server.admin("GET", "/admin/doorward/audit/verify").must(200).json();
        assert_eq!(report["ok"], true, "{report}");
    }
    assert!(acknowledged.len() >= 250);
}

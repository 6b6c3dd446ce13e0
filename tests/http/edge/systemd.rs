//! What systemd hears from the service.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use super::{Service, well};
use crate::cli::Laptop;

fn hear(socket: &UnixDatagram, word: &str) {
    let mut heard = Vec::new();
    for _ in 0..200 {
        let mut message = [0; 512];
        let n = socket.recv(&mut message).unwrap_or_else(|error| panic!("{error}: {heard:?}"));
        let text = String::from_utf8_lossy(&message[..n]).into_owned();
        if text.lines().any(|line| line == word) {
            return;
        }
        heard.push(text);
    }
    panic!("{word} was not said: {heard:?}");
}

#[test]
fn systemd_is_told_of_readiness_of_life_and_of_the_end() {
    let laptop = Laptop::new();
    let path = laptop.home().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "600000")];
    let service = Service::with_environment(&laptop, &[], &variables);
    hear(&socket, "READY=1");
    well(&service);
    hear(&socket, "WATCHDOG=1");
    hear(&socket, "WATCHDOG=1");
    service.stop();
    hear(&socket, "STOPPING=1");
}

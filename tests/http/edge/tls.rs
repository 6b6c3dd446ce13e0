//! TLS on both listeners, certificates that change, and clients that show one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use super::{Answer, Service, connect, exchange, head};
use crate::cli::Laptop;

/// An authority, and what it signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, in PEM form.
struct Pair {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn sign(&self, name: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Pair {
    /// The certificate as it goes over the wire.
    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }
}

/// Writes the pair where the service looks for it.
fn place(laptop: &Laptop, pair: &Pair) -> Vec<String> {
    let certificate = laptop.file("tls.crt", &pair.certificate);
    let key = laptop.file("tls.key", &pair.key);
    let set = |text: String| ["--set".to_owned(), text];
    [set(format!("tls_certificate={certificate}")), set(format!("tls_key={key}"))].concat()
}

fn start(laptop: &Laptop, args: &[String]) -> Service {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    Service::start(laptop, &args)
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

fn dial(
    address: &str,
    authority: &Authority,
    versions: &[&'static SupportedProtocolVersion],
    shown: Option<&Pair>,
) -> Stream {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        None => config.with_no_client_auth(),
        Some(pair) => {
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
            config.with_client_auth_cert(vec![pair.der()], key).unwrap()
        }
    };
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(client, connect(address))
}

const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

fn get(stream: &mut Stream) -> Answer {
    exchange(stream, &head("GET /health/ready", &[]))
}

/// The certificate a new connection is shown, once it has answered a request.
fn shown(address: &str, authority: &Authority) -> CertificateDer<'static> {
    let mut stream = dial(address, authority, BOTH, None);
    assert_eq!(get(&mut stream).code, 200);
    stream.conn.peer_certificates().unwrap()[0].clone().into_owned()
}

#[test]
fn the_public_listener_speaks_tls_in_two_versions_and_nothing_else() {
    let (laptop, authority) = (Laptop::new(), Authority::new());
    let service = start(&laptop, &place(&laptop, &authority.sign("localhost")));
    assert!(service.places[0].starts_with("https://"), "{:?}", service.places);
    assert!(service.places[1].starts_with("http://"), "loopback is plain: {:?}", service.places);
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let mut stream = dial(service.public(), &authority, &[version], None);
        let answer = get(&mut stream);
        assert_eq!(answer.code, 200);
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    }
    let mut plain = connect(service.public());
    plain.write_all(head("GET /version", &[]).as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    // Connections that say nothing hold up nobody.
    let _silent: Vec<TcpStream> = (0..50).map(|_| connect(service.public())).collect();
    shown(service.public(), &authority);
    service.stop();
}

#[test]
fn a_new_certificate_is_taken_up_without_a_restart_and_open_connections_go_on() {
    let (laptop, authority) = (Laptop::new(), Authority::new());
    let (first, second) = (authority.sign("localhost"), authority.sign("localhost"));
    let service = start(&laptop, &place(&laptop, &first));
    assert_eq!(shown(service.public(), &authority), first.der());
    let mut open = dial(service.public(), &authority, BOTH, None);
    open.write_all(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut part = [0; 1024];
    assert!(open.read(&mut part).unwrap() > 0);
    place(&laptop, &second);
    let begun = Instant::now();
    while shown(service.public(), &authority) != second.der() {
        assert!(begun.elapsed() < Duration::from_secs(30), "still the old certificate");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(get(&mut open).code, 200, "the open connection");
    // SIGHUP does not wait for the next look.
    let third = authority.sign("localhost");
    place(&laptop, &third);
    service.signal(Signal::SIGHUP);
    service.logs("configuration read again");
    assert_eq!(shown(service.public(), &authority), third.der());
    service.stop();
}

#[test]
fn a_broken_certificate_leaves_the_old_one_in_place_and_is_logged_without_the_key() {
    let (laptop, authority) = (Laptop::new(), Authority::new());
    let pair = authority.sign("localhost");
    let service = start(&laptop, &place(&laptop, &pair));
    let other = authority.sign("localhost");
    let broken = [
        // A certificate that is not the key's, a file of nonsense, and none at all.
        Some(other.certificate.as_str()),
        Some("-----BEGIN CERTIFICATE-----\nnonsense\n"),
        None,
    ];
    for content in broken {
        match content {
            Some(text) => drop(laptop.file("tls.crt", text)),
            None => std::fs::remove_file(laptop.home().join("tls.crt")).unwrap(),
        }
        let line = service.logs("stays as it was");
        assert!(line.contains("\"level\":\"error\""), "{line}");
        assert!(!line.contains(pair.key.lines().nth(1).unwrap()), "{line}");
        assert_eq!(shown(service.public(), &authority), pair.der());
    }
    place(&laptop, &other);
    service.logs("TLS certificate read");
    assert_eq!(shown(service.public(), &authority), other.der());
    service.stop();
}

#[test]
fn a_service_does_not_start_with_a_certificate_it_cannot_use() {
    let (laptop, authority) = (Laptop::new(), Authority::new());
    let mut args = place(&laptop, &authority.sign("localhost"));
    laptop.file("tls.crt", "nonsense");
    let mut all: Vec<String> =
        ["serve", "--public-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"]
            .map(str::to_owned)
            .to_vec();
    all.append(&mut args);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let ran = laptop.doorward(&all);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("tls.crt") && ran.err.contains("PEM"), "{ran:?}");
}

#[test]
fn with_authorities_for_its_clients_the_admin_listener_speaks_tls_and_refuses_other_certificates() {
    let (laptop, authority, clients) = (Laptop::new(), Authority::new(), Authority::new());
    let mut args = place(&laptop, &authority.sign("localhost"));
    let file = laptop.file("clients.crt", &clients.pem);
    args.extend(["--set".to_owned(), format!("admin_client_ca={file}")]);
    let service = start(&laptop, &args);
    assert!(service.places[1].starts_with("https://"), "{:?}", service.places);
    let good = clients.sign("scraper.example");
    assert_eq!(get(&mut dial(service.admin(), &authority, BOTH, Some(&good))).code, 200);
    assert_eq!(get(&mut dial(service.admin(), &authority, BOTH, None)).code, 200);
    let foreign = authority.sign("scraper.example");
    let mut stream = dial(service.admin(), &authority, BOTH, Some(&foreign));
    let sent = stream.write_all(head("GET /health/ready", &[]).as_bytes());
    let mut answer = Vec::new();
    let read = sent.and_then(|()| stream.read_to_end(&mut answer));
    assert!(read.is_err() && answer.is_empty(), "a foreign certificate was let in: {answer:?}");
    // The public listener asks nobody for a certificate.
    assert_eq!(get(&mut dial(service.public(), &authority, BOTH, Some(&foreign))).code, 200);
    service.stop();
}

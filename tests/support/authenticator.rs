//! An authenticator in software: it makes keys and signs with them as a browser and a security key do
//! together, and lies where a test tells it to.

use std::cell::Cell;
use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// One key of an authenticator.
pub struct Authenticator {
    pair: EcdsaKeyPair,
    id: Vec<u8>,
    handle: Vec<u8>,
    pub count: Cell<u32>,
    /// Whether it checks who holds it.
    pub verifies: bool,
    /// The page it believes to be on.
    pub origin: String,
    /// The house it believes to be at.
    pub rp_id: String,
    /// Bits of the signature to turn over.
    pub spoils: bool,
}

impl Authenticator {
    /// An authenticator at a page.
    pub fn at(origin: &str, rp_id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let id = Sha256::digest(pair.public_key().as_ref())[..20].to_vec();
        Self {
            pair,
            id,
            handle: Vec::new(),
            count: Cell::new(1),
            verifies: true,
            origin: origin.to_owned(),
            rp_id: rp_id.to_owned(),
            spoils: false,
        }
    }

    /// The credential id in hex.
    pub fn name(&self) -> String {
        self.id.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The public key as COSE has it.
    pub fn public_key(&self) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        let map: BTreeMap<Cbor, Cbor> = [
            (1, Cbor::Integer(2)),
            (3, Cbor::Integer(-7)),
            (-1, Cbor::Integer(1)),
            (-2, Cbor::Bytes(point[1..33].to_vec())),
            (-3, Cbor::Bytes(point[33..65].to_vec())),
        ]
        .into_iter()
        .map(|(label, value)| (Cbor::Integer(label), value))
        .collect();
        serde_cbor_2::to_vec(&Cbor::Map(map)).unwrap()
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["publicKey"]["challenge"];
        let data = json!({
            "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn data(&self, extra: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(PRESENT | extra | if self.verifies { VERIFIED } else { 0 });
        data.extend(self.count.get().to_be_bytes());
        data
    }

    /// Makes the key that a page asks for, and answers as a browser does.
    pub fn create(&mut self, options: &Value) -> String {
        let handle = options["publicKey"]["user"]["id"].as_str().unwrap();
        self.handle = URL_SAFE_NO_PAD.decode(handle).unwrap();
        let mut data = self.data(ATTESTED);
        data.extend([7; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public_key());
        let object: BTreeMap<Cbor, Cbor> = [
            ("fmt", Cbor::Text("none".to_owned())),
            ("attStmt", Cbor::Map(BTreeMap::new())),
            ("authData", Cbor::Bytes(data)),
        ]
        .into_iter()
        .map(|(name, value)| (Cbor::Text(name.to_owned()), value))
        .collect();
        let object = serde_cbor_2::to_vec(&Cbor::Map(object)).unwrap();
        let client = self.client_data("webauthn.create", options);
        json!({
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "rawId": URL_SAFE_NO_PAD.encode(&self.id),
            "type": "public-key",
            "response": {
                "attestationObject": URL_SAFE_NO_PAD.encode(object),
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
            },
        })
        .to_string()
    }

    /// Signs what a page asks for, and answers as a browser does; a passkey names its owner.
    pub fn get(&self, options: &Value, names_owner: bool) -> String {
        self.count.set(self.count.get() + 1);
        let (data, client) = (self.data(0), self.client_data("webauthn.get", options));
        let signed = [data.as_slice(), Sha256::digest(&client).as_slice()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        let mut signature = signature.as_ref().to_vec();
        if self.spoils {
            *signature.last_mut().unwrap() ^= 1;
        }
        let handle = names_owner.then(|| URL_SAFE_NO_PAD.encode(&self.handle));
        json!({
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "rawId": URL_SAFE_NO_PAD.encode(&self.id),
            "type": "public-key",
            "response": {
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "signature": URL_SAFE_NO_PAD.encode(signature),
                "userHandle": handle,
            },
        })
        .to_string()
    }
}

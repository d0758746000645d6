//! Which keys are made, imported and refused.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use authly_jose::JoseCrypto;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    crypto::{Algorithm, Crypto as _, KeyMaterial},
    ids::KeyId,
    secret::Secret,
};
use openssl::{
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    symm::Cipher,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

fn public(material: &KeyMaterial) -> Map<String, Value> {
    serde_json::from_str(&material.public_jwk).expect("a JSON object")
}

fn import(pem: Vec<u8>) -> Result<KeyMaterial, String> {
    JoseCrypto.import_pem(&Secret::new(String::from_utf8(pem).expect("text"))).map_err(|error| error.to_string())
}

fn signs_and_verifies(material: &KeyMaterial) {
    let id = KeyId("key-1".to_owned());
    let signer = JoseCrypto.signer(material.algorithm, &id, &material.private_jwk).expect("a signer");
    assert_eq!((signer.algorithm(), signer.key_id()), (material.algorithm, &id));
    let verifier = JoseCrypto.verifier(&public(material)).expect("a verifier");
    let signature = signer.sign(b"input").expect("a signature");
    assert_eq!(verifier.verify(b"input", &signature), Ok(()));
    assert!(verifier.verify(b"inpus", &signature).is_err());
}

fn ec(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).expect("a curve");
    PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key")
}

fn rsa(bits: u32) -> Rsa<Private> {
    Rsa::generate(bits).expect("a key")
}

fn rsa_jwk(key: &Rsa<Private>) -> Map<String, Value> {
    let encode = |number: &openssl::bn::BigNumRef| URL_SAFE_NO_PAD.encode(number.to_vec());
    Map::from_iter([
        ("kty".to_owned(), json!("RSA")),
        ("n".to_owned(), json!(encode(key.n()))),
        ("e".to_owned(), json!(encode(key.e()))),
    ])
}

fn altered(jwk: &Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    let mut jwk = jwk.clone();
    jwk.insert(name.to_owned(), value);
    jwk
}

#[test]
fn a_made_key_of_every_algorithm_signs_and_verifies() {
    for algorithm in Algorithm::ALL {
        let material = JoseCrypto.generate(algorithm).expect("a key");
        assert_eq!(material.algorithm, algorithm);
        signs_and_verifies(&material);
    }
}

#[test]
fn a_public_jwk_holds_public_members_only() {
    for algorithm in Algorithm::ALL {
        let material = JoseCrypto.generate(algorithm).expect("a key");
        let public = public(&material);
        assert_eq!(public.get("kty"), Some(&json!(algorithm.key_type())));
        assert!(PRIVATE_MEMBERS.iter().all(|name| !public.contains_key(*name)), "{public:?}");
        for name in ["kid", "use", "alg"] {
            assert!(!public.contains_key(name), "{public:?}");
        }
        assert!(!format!("{material:?}").contains(r#""d""#));
    }
}

#[test]
fn pem_of_pkcs_1_pkcs_8_and_sec_1_is_imported() {
    let rsa = rsa(2048);
    let p256 = ec(Nid::X9_62_PRIME256V1);
    let ed25519 = PKey::generate_ed25519().expect("a key");
    let cases = [
        (Algorithm::RS256, rsa.private_key_to_pem()),
        (Algorithm::RS256, PKey::from_rsa(rsa).and_then(|key| key.private_key_to_pem_pkcs8())),
        (Algorithm::ES256, p256.private_key_to_pem_pkcs8()),
        (Algorithm::ES256, p256.ec_key().and_then(|key| key.private_key_to_pem())),
        (Algorithm::EdDSA, ed25519.private_key_to_pem_pkcs8()),
    ];
    for (algorithm, pem) in cases {
        let material = import(pem.expect("PEM")).expect("a key");
        assert_eq!(material.algorithm, algorithm);
        signs_and_verifies(&material);
    }
}

#[test]
fn pem_of_small_rsa_other_curves_and_encrypted_keys_is_refused() {
    let message = |pem: Result<Vec<u8>, _>| import(pem.expect("PEM")).expect_err("refused");
    assert!(message(rsa(1024).private_key_to_pem()).contains("1024"));
    assert!(message(rsa(2047).private_key_to_pem()).contains("2047"));
    for curve in [Nid::SECP384R1, Nid::SECP521R1, Nid::SECP256K1] {
        assert!(message(ec(curve).private_key_to_pem_pkcs8()).contains("P-256"));
    }
    assert!(message(PKey::generate_ed448().and_then(|key| key.private_key_to_pem_pkcs8())).contains("Ed25519"));
    assert!(message(PKey::generate_x25519().and_then(|key| key.private_key_to_pem_pkcs8())).contains("Ed25519"));
    let encrypted = ec(Nid::X9_62_PRIME256V1).private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"passphrase");
    assert!(message(encrypted).contains("encrypted"));
    assert!(message(ec(Nid::X9_62_PRIME256V1).public_key_to_pem()).contains("not a private key"));
    assert!(import(b"no PEM at all".to_vec()).is_err());
    assert!(import(vec![b'-'; 40_000]).is_err());
}

#[test]
fn rfc_8725_3_1_a_key_signs_with_its_own_algorithm_only() {
    let id = KeyId("k".to_owned());
    for algorithm in Algorithm::ALL {
        let material = JoseCrypto.generate(algorithm).expect("a key");
        for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            assert!(JoseCrypto.signer(other, &id, &material.private_jwk).is_err());
        }
        let public_only = Secret::new(material.public_jwk.into_bytes());
        assert!(JoseCrypto.signer(algorithm, &id, &public_only).is_err(), "a public key signs nothing");
    }
    assert!(JoseCrypto.signer(Algorithm::ES256, &id, &Secret::new(b"{}".to_vec())).is_err());
    assert!(JoseCrypto.signer(Algorithm::ES256, &id, &Secret::new(b"[".to_vec())).is_err());
}

#[test]
fn rfc_7518_3_3_rsa_moduli_below_2048_bits_are_refused() {
    assert!(JoseCrypto.verifier(&rsa_jwk(&rsa(1024))).is_none());
    assert!(JoseCrypto.verifier(&rsa_jwk(&rsa(2047))).is_none(), "2047 bits fill 256 bytes all the same");
    assert!(JoseCrypto.verifier(&rsa_jwk(&rsa(2048))).is_some());
}

#[test]
fn odd_rsa_numbers_are_refused() {
    let jwk = rsa_jwk(&rsa(2048));
    for exponent in [&[][..], &[1], &[2], &[0, 3], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
        assert!(JoseCrypto.verifier(&altered(&jwk, "e", json!(URL_SAFE_NO_PAD.encode(exponent)))).is_none());
    }
    let huge = URL_SAFE_NO_PAD.encode(vec![0xff; 1025]);
    assert!(JoseCrypto.verifier(&altered(&jwk, "n", json!(huge))).is_none());
    assert!(JoseCrypto.verifier(&altered(&jwk, "n", json!(URL_SAFE_NO_PAD.encode(vec![0xfe; 256])))).is_none());
}

#[test]
fn other_curves_and_coordinates_of_other_sizes_are_refused() {
    let material = JoseCrypto.generate(Algorithm::ES256).expect("a key");
    let jwk = public(&material);
    for curve in ["P-384", "P-521", "secp256k1", "Ed25519", ""] {
        assert!(JoseCrypto.verifier(&altered(&jwk, "crv", json!(curve))).is_none(), "{curve}");
    }
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("text")).expect("base64");
    // The same 64 bytes, cut at another place, name the same point to a careless reader.
    let (mut x, mut y) = (bytes("x"), bytes("y"));
    x.push(y.remove(0));
    let shifted = altered(&jwk, "x", json!(URL_SAFE_NO_PAD.encode(&x)));
    assert!(JoseCrypto.verifier(&altered(&shifted, "y", json!(URL_SAFE_NO_PAD.encode(&y)))).is_none());
    // RFC 7518 6.2.1: a point that is not on the curve.
    let mut off = bytes("y");
    off[31] ^= 1;
    assert!(JoseCrypto.verifier(&altered(&jwk, "y", json!(URL_SAFE_NO_PAD.encode(&off)))).is_none());
    let ed = public(&JoseCrypto.generate(Algorithm::EdDSA).expect("a key"));
    assert!(JoseCrypto.verifier(&altered(&ed, "x", json!(URL_SAFE_NO_PAD.encode([1; 31])))).is_none());
    assert!(JoseCrypto.verifier(&altered(&ed, "crv", json!("Ed448"))).is_none());
    assert!(JoseCrypto.verifier(&altered(&ed, "crv", json!("X25519"))).is_none());
}

#[test]
fn rfc_7517_4_use_key_ops_and_alg_limit_a_key() {
    let jwk = public(&JoseCrypto.generate(Algorithm::RS256).expect("a key"));
    let accepted = |name: &str, value: Value| JoseCrypto.verifier(&altered(&jwk, name, value)).is_some();
    assert!(accepted("use", json!("sig")));
    assert!(!accepted("use", json!("enc")));
    assert!(accepted("key_ops", json!(["verify"])));
    assert!(!accepted("key_ops", json!(["encrypt"])));
    assert!(accepted("alg", json!("RS256")));
    for other in ["PS256", "RS512", "RSA-OAEP", "none", "HS256"] {
        assert!(!accepted("alg", json!(other)), "{other}");
    }
    assert!(!accepted("kty", json!("oct")));
    assert!(!accepted("kid", json!(7)));
    let named = JoseCrypto.verifier(&altered(&jwk, "kid", json!("a"))).expect("a key");
    assert_eq!(named.key_id(), Some(&KeyId("a".to_owned())));
}

#[test]
fn unknown_members_and_a_private_half_do_not_disturb() {
    let material = JoseCrypto.generate(Algorithm::ES256).expect("a key");
    let private: Map<String, Value> = serde_json::from_slice(material.private_jwk.expose()).expect("JSON");
    assert!(JoseCrypto.verifier(&altered(&private, "x5c", json!(["nonsense"]))).is_some());
}

proptest! {
    #[test]
    fn foreign_jwks_are_refused_without_panic(
        kty in prop::sample::select(vec!["EC", "RSA", "OKP", "oct", ""]),
        crv in prop::option::of(prop::sample::select(vec!["P-256", "P-384", "Ed25519"])),
        members in prop::collection::btree_map("(x|y|n|e|d|kid|use|key_ops|alg)", "[A-Za-z0-9_=+/-]{0,60}", 0..8),
    ) {
        let mut jwk: Map<String, Value> = members.into_iter().map(|(name, value)| (name, json!(value))).collect();
        jwk.insert("kty".to_owned(), json!(kty));
        if let Some(crv) = crv {
            jwk.insert("crv".to_owned(), json!(crv));
        }
        if let Some(verifier) = JoseCrypto.verifier(&jwk) {
            prop_assert!(verifier.verify(b"input", &[0; 64]).is_err());
        }
        let private = Secret::new(Value::Object(jwk).to_string().into_bytes());
        for algorithm in Algorithm::ALL {
            let _ = JoseCrypto.signer(algorithm, &KeyId(String::new()), &private);
        }
    }
}

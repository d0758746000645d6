//! The examples of RFC 7515 appendix A, RFC 8037 appendix A and RFC 4231.
#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use authly_jose::JoseCrypto;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    crypto::{Algorithm, Crypto as _, HmacAlgorithm, SignatureInvalid},
    ids::KeyId,
    secret::Secret,
};
use serde_json::{Map, Value, json};

const JOE: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other}"),
    }
}

/// Whether the key accepts the JWS, and whether it refuses it after one changed letter.
fn accepts_only_the_original(jwk: Value, algorithm: Algorithm, input: &str, signature: &str) {
    let verifier = JoseCrypto.verifier(&object(jwk)).expect("a key");
    assert_eq!(verifier.algorithm(), algorithm);
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
    assert_eq!(verifier.verify(input.as_bytes(), &signature), Ok(()));
    assert_eq!(verifier.verify(input.to_ascii_lowercase().as_bytes(), &signature), Err(SignatureInvalid));
    for position in [0, signature.len() / 2, signature.len() - 1] {
        let mut altered = signature.clone();
        altered[position] ^= 1;
        assert_eq!(verifier.verify(input.as_bytes(), &altered), Err(SignatureInvalid));
    }
    assert_eq!(verifier.verify(input.as_bytes(), &signature[1..]), Err(SignatureInvalid));
    assert_eq!(verifier.verify(input.as_bytes(), &[]), Err(SignatureInvalid));
    assert_eq!(verifier.verify(input.as_bytes(), &vec![0; signature.len()]), Err(SignatureInvalid));
}

#[test]
fn rfc_7515_a_1_hmac_sha_256() {
    let key = URL_SAFE_NO_PAD
        .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
        .expect("base64");
    let input = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}");
    let mac = JoseCrypto.hmac(HmacAlgorithm::HS256, &key, input.as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.encode(mac), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

#[test]
fn rfc_4231_4_2_hmac_of_all_lengths_with_a_short_key() {
    let expected = [
        (HmacAlgorithm::HS256, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            HmacAlgorithm::HS384,
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
        ),
        (
            HmacAlgorithm::HS512,
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
             daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        ),
    ];
    for (algorithm, hex) in expected {
        let mac = JoseCrypto.hmac(algorithm, &[0x0b; 20], b"Hi There");
        assert_eq!(mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), hex);
    }
}

#[test]
fn rfc_2104_keys_of_any_length_are_taken() {
    let lengths = [0, 1, 31, 64, 65, 500];
    let macs: Vec<_> =
        lengths.iter().map(|length| JoseCrypto.hmac(HmacAlgorithm::HS256, &vec![b'k'; *length], b"input")).collect();
    assert!(macs.iter().all(|mac| mac.len() == 32));
    for (index, mac) in macs.iter().enumerate() {
        assert!(!macs[..index].contains(mac), "{}", lengths[index]);
    }
}

#[test]
fn rfc_7515_a_2_rsassa_pkcs1_v1_5_sha_256() {
    let jwk = json!({
        "kty": "RSA",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        "e": "AQAB",
    });
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    accepts_only_the_original(jwk, Algorithm::RS256, &format!("eyJhbGciOiJSUzI1NiJ9.{JOE}"), signature);
}

fn rfc_7515_a_3_key() -> Value {
    json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    })
}

#[test]
fn rfc_7515_a_3_ecdsa_p_256_sha_256() {
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    accepts_only_the_original(rfc_7515_a_3_key(), Algorithm::ES256, &format!("eyJhbGciOiJFUzI1NiJ9.{JOE}"), signature);
}

#[test]
fn rfc_7518_3_4_an_ecdsa_signature_is_r_and_s_of_32_bytes() {
    let private = Secret::new(rfc_7515_a_3_key().to_string().into_bytes());
    let signer = JoseCrypto.signer(Algorithm::ES256, &KeyId("k".to_owned()), &private).expect("a key");
    let verifier = JoseCrypto.verifier(&object(rfc_7515_a_3_key())).expect("a key");
    // Every 128th signature has a number with a leading zero byte.
    for round in 0..600u32 {
        let input = round.to_be_bytes();
        let signature = signer.sign(&input).expect("a signature");
        assert_eq!(signature.len(), 64);
        assert_eq!(verifier.verify(&input, &signature), Ok(()));
    }
}

#[test]
fn rfc_8037_a_1_to_a_5_ed25519() {
    let jwk = json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let private = Secret::new(jwk.to_string().into_bytes());
    let signer = JoseCrypto.signer(Algorithm::EdDSA, &KeyId("k".to_owned()), &private).expect("a key");
    assert_eq!(URL_SAFE_NO_PAD.encode(signer.sign(input.as_bytes()).expect("a signature")), signature);
    accepts_only_the_original(jwk, Algorithm::EdDSA, input, signature);
}

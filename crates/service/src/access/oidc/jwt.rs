//! Signed tokens (JWS, compact): read, and held against a key.
//!
//! RS256 and ES256 only, and it is the key that says which: a token that names another way of signing is refused, `none`
//! and shared secrets among them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Map, Value};

/// A key of the provider.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point of P-256, uncompressed.
    Ec(Vec<u8>),
}

impl Key {
    /// A key of a JWK set; `None` of one for other uses or of a kind that is not known here.
    pub(super) fn read(jwk: &Value) -> Option<Self> {
        let bytes = |member: &str| URL_SAFE_NO_PAD.decode(jwk[member].as_str()?).ok();
        if jwk["use"].as_str().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let material = match (jwk["kty"].as_str()?, jwk["crv"].as_str()) {
            ("RSA", _) => {
                // Some write the sign's zero before the number.
                let number = |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect();
                Material::Rsa { n: number(bytes("n")?), e: number(bytes("e")?) }
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                (x.len() == 32 && y.len() == 32).then(|| Material::Ec([&[4], &x[..], &y[..]].concat()))?
            }
            _ => return None,
        };
        let key = Self { id: jwk["kid"].as_str().map(str::to_owned), material };
        jwk["alg"].as_str().is_none_or(|algorithm| algorithm == key.algorithm()).then_some(key)
    }

    fn algorithm(&self) -> &'static str {
        match self.material {
            Material::Rsa { .. } => "RS256",
            Material::Ec(_) => "ES256",
        }
    }

    /// Whether the token says that this key signed it, or does not say.
    pub(super) fn may_have_signed(&self, jwt: &Jwt<'_>) -> bool {
        let named = match (&jwt.key_id, &self.id) {
            (Some(named), Some(id)) => named == id,
            (None, _) => true,
            (Some(_), None) => false,
        };
        named && jwt.algorithm == self.algorithm()
    }
}

/// A token, not yet believed.
#[derive(Debug)]
pub(super) struct Jwt<'a> {
    algorithm: String,
    key_id: Option<String>,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// Longer ones are none of any provider's.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

impl<'a> Jwt<'a> {
    pub(super) fn read(token: &'a str) -> Result<Self, &'static str> {
        let decoded =
            |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "the bearer token is not well formed");
        let (signed, signature) =
            token.rsplit_once('.').ok_or("the bearer token is none that is known here")?;
        let (header, payload) =
            signed.split_once('.').ok_or("the bearer token is none that is known here")?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err("the bearer token is too long");
        }
        let header: Value =
            serde_json::from_slice(&decoded(header)?).map_err(|_| "the token's header is no JSON")?;
        let algorithm = header["alg"].as_str().unwrap_or_default().to_owned();
        if !["RS256", "ES256"].contains(&algorithm.as_str()) {
            return Err("the token is not signed by RS256 or ES256");
        }
        if header.get("crit").is_some() {
            return Err("the token's header asks for what is not known here");
        }
        Ok(Self {
            algorithm,
            key_id: header["kid"].as_str().map(str::to_owned),
            signed,
            payload: decoded(payload)?,
            signature: decoded(signature)?,
        })
    }

    pub(super) fn is_signed_by(&self, key: &Key) -> bool {
        let message = self.signed.as_bytes();
        let verified = match &key.material {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, &self.signature)
            }
            Material::Ec(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, &self.signature)
            }
        };
        verified.is_ok()
    }

    pub(super) fn claims(&self) -> Result<Map<String, Value>, &'static str> {
        serde_json::from_slice(&self.payload).map_err(|_| "the token's claims are no JSON object")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // RFC 7515, appendices A.2 (RS256) and A.3 (ES256).
    const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const EC_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    fn rsa() -> Value {
        json!({"kty": "RSA", "n": RSA_N, "e": "AQAB"})
    }

    fn ec() -> Value {
        let (x, y) =
            ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    }

    #[track_caller]
    fn check(token: &str, jwk: &Value, good: bool) {
        let jwt = Jwt::read(token).unwrap();
        let key = Key::read(jwk).unwrap();
        assert_eq!(key.may_have_signed(&jwt) && jwt.is_signed_by(&key), good);
    }

    #[test]
    fn the_signatures_of_the_standard_hold_and_no_others() {
        check(RSA_TOKEN, &rsa(), true);
        check(EC_TOKEN, &ec(), true);
        check(RSA_TOKEN, &ec(), false);
        check(EC_TOKEN, &rsa(), false);
        let claims = Jwt::read(EC_TOKEN).unwrap().claims().unwrap();
        assert_eq!(claims["iss"], "joe");
        // One bit of the payload, of the signature.
        let (head, rest) = EC_TOKEN.split_once('.').unwrap();
        let (payload, signature) = rest.split_once('.').unwrap();
        let forged = URL_SAFE_NO_PAD.encode(r#"{"iss":"joe","http://example.com/is_root":"yes"}"#);
        check(&format!("{head}.{forged}.{signature}"), &ec(), false);
        check(&format!("{head}.{payload}.E{}", &signature[1..]), &ec(), false);
        check(&format!("{head}.{payload}."), &ec(), false);
    }

    #[test]
    fn the_key_says_how_it_is_signed() {
        let token = |header: &Value| format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header.to_string()));
        for header in [json!({"alg": "none"}), json!({"alg": "HS256"}), json!({"alg": "RS512"}), json!({})] {
            assert!(Jwt::read(&token(&header)).is_err(), "{header}");
        }
        assert!(Jwt::read(&token(&json!({"alg": "RS256", "crit": ["b64"]}))).is_err());
        for token in ["", "a", "a.b", "a.b.c", "...", "e30.e30.e30"] {
            assert!(Jwt::read(token).is_err(), "{token:?}");
        }
        assert!(Jwt::read(&"a.".repeat(20_000)).is_err());
        let mut jwk = rsa();
        jwk["use"] = json!("enc");
        assert!(Key::read(&jwk).is_none());
        jwk["use"] = json!("sig");
        jwk["alg"] = json!("RS512");
        assert!(Key::read(&jwk).is_none());
        assert!(Key::read(&json!({"kty": "oct", "k": "AA"})).is_none());
    }

    #[test]
    fn a_key_with_a_name_signs_what_names_it() {
        let mut jwk = ec();
        jwk["kid"] = json!("one");
        let key = Key::read(&jwk).unwrap();
        let named = |kid: Value| {
            let header = json!({"alg": "ES256", "kid": kid});
            format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header.to_string()))
        };
        assert!(key.may_have_signed(&Jwt::read(&named(json!("one"))).unwrap()));
        assert!(!key.may_have_signed(&Jwt::read(&named(json!("two"))).unwrap()));
        assert!(key.may_have_signed(&Jwt::read(EC_TOKEN).unwrap()), "it names none");
    }
}

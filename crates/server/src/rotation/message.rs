//! What a rotator is told. It carries credentials, so the memory it is written in is zeroed afterwards.

use api::codec::{Encode, JsonWriter, Shape, Sink};
use domain::{identity::SessionCredentials, secretsmanager::rotation::Claim};
use zeroize::Zeroizing;

use super::invocation::Invocation;

const ANY: &Shape = &Shape::ANY;

/// The event as AWS hands it to a rotation function.
pub(super) fn event(claim: &Claim) -> String {
    let mut writer = JsonWriter::default();
    Event(claim).encode(ANY, &mut writer);
    writer.into_text()
}

/// For a program: the event, and beside it what the function needs to act on it.
pub(super) fn for_program(invocation: &Invocation<'_>) -> Zeroizing<Vec<u8>> {
    let mut writer = JsonWriter::default();
    writer.structure(&[
        ("event", &Event(invocation.claim), ANY),
        ("endpoint", &invocation.endpoint().to_owned(), ANY),
        ("region", &invocation.claim.region.to_string(), ANY),
        ("credentials", &Given(&invocation.session.credentials), ANY),
    ]);
    writer.into_bytes()
}

/// For a server: the event's members as AWS has them, so that a function made for Lambda takes it as it is, and the rest
/// as further members.
pub(super) fn for_server(invocation: &Invocation<'_>) -> Zeroizing<Vec<u8>> {
    let claim = invocation.claim;
    let mut writer = JsonWriter::default();
    writer.structure(&[
        ("Step", &claim.step.as_str().to_owned(), ANY),
        ("SecretId", &claim.secret_arn, ANY),
        ("ClientRequestToken", &claim.version, ANY),
        ("endpoint", &invocation.endpoint().to_owned(), ANY),
        ("region", &claim.region.to_string(), ANY),
        ("credentials", &Given(&invocation.session.credentials), ANY),
    ]);
    writer.into_bytes()
}

struct Event<'a>(&'a Claim);

impl Encode for Event<'_> {
    fn encode(&self, _: &Shape, sink: &mut dyn Sink) {
        sink.structure(&[
            ("Step", &self.0.step.as_str().to_owned(), ANY),
            ("SecretId", &self.0.secret_arn, ANY),
            ("ClientRequestToken", &self.0.version, ANY),
        ]);
    }
}

/// Credentials as STS gives them.
struct Given<'a>(&'a SessionCredentials);

impl Encode for Given<'_> {
    fn encode(&self, _: &Shape, sink: &mut dyn Sink) {
        sink.structure(&[
            ("AccessKeyId", &self.0.access_key_id, ANY),
            ("SecretAccessKey", &self.0.secret_access_key, ANY),
            ("SessionToken", &self.0.session_token, ANY),
            ("Expiration", &self.0.expiration.to_iso8601(), ANY),
        ]);
    }
}

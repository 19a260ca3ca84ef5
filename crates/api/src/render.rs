//! Answers on the wire.

use std::fmt::Write as _;

use http::{header::ACCEPT, request::Parts};
use types::SecretText;
use zeroize::Zeroizing;

use crate::{
    ErrorReport, MessageKey, Modeled, Protocol, Service,
    codec::{Encode, JsonWriter, Shape, Sink, XmlWriter},
    route::is_rpc_v2,
};

/// An HTTP answer. The listener adds `Date`, which SDKs correct their clocks by.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// What a caller wants the answer in, where that is not what the service speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerForm {
    #[default]
    Usual,
    /// A Query service's tree as JSON.
    // AWS: asked for with `Accept: application/json`, as authenticators of Kubernetes clusters do.
    Json,
    /// For errors alone: no service here answers more in it.
    Cbor,
}

impl AnswerForm {
    /// The form that a request asks for.
    pub fn of(parts: &Parts) -> Self {
        let accepts_json = || {
            let accepted = parts.headers.get(ACCEPT)?.to_str().ok()?;
            let mut types = accepted.split(',').filter_map(|t| t.split(';').next());
            Some(types.any(|t| t.trim().eq_ignore_ascii_case("application/json")))
        };
        if is_rpc_v2(parts) {
            Self::Cbor
        } else if accepts_json().unwrap_or(false) {
            Self::Json
        } else {
            Self::Usual
        }
    }
}

/// Puts the output of an operation on the wire.
pub fn render_output<O: Modeled>(
    form: AnswerForm,
    request_id: &str,
    output: &O::Output,
) -> Response {
    let result = || {
        let mut writer = JsonWriter::default();
        output.encode(&Shape::ANY, &mut writer);
        writer.into_text()
    };
    let (content_type, body) = match O::SERVICE.protocol() {
        // No operation of S3 is answered here.
        Protocol::Json { .. } | Protocol::RestXml if !O::HAS_OUTPUT => (AMZ_JSON, String::new()),
        Protocol::Json { .. } | Protocol::RestXml => (AMZ_JSON, result()),
        Protocol::Query { .. } if form == AnswerForm::Json => {
            let result = O::HAS_OUTPUT.then(|| Zeroizing::new(result()));
            let result = result.as_ref().map(|json| json.as_str());
            (JSON, query_json::<O>(request_id, result))
        }
        Protocol::Query { namespace, .. } => {
            let mut writer = XmlWriter::default();
            writer.element(
                &format!("{}Response", O::NAME),
                &xmlns(namespace),
                |writer| {
                    if O::HAS_OUTPUT {
                        writer.element(&format!("{}Result", O::NAME), "", |writer| {
                            output.encode(&Shape::ANY, writer);
                        });
                    }
                    writer.element("ResponseMetadata", "", |writer| {
                        writer.element("RequestId", "", |writer| writer.text(request_id));
                    });
                },
            );
            (XML, writer.into_text())
        }
    };
    respond(content_type, request_id, 200, None, body.into_bytes())
}

/// Puts an error on the wire, in the protocol of its service.
pub fn render_error(
    form: AnswerForm,
    service: Service,
    request_id: &str,
    report: &ErrorReport,
) -> Response {
    let code = (!service.is_query()).then_some(report.code);
    let (content_type, body) = match (service.protocol(), form) {
        (_, AnswerForm::Cbor) => (CBOR, cbor_error(report)),
        (Protocol::Json { .. } | Protocol::RestXml, _) => {
            (AMZ_JSON, json_error(report).into_bytes())
        }
        (Protocol::Query { .. }, AnswerForm::Json) => {
            (JSON, query_json_error(request_id, report).into_bytes())
        }
        (Protocol::Query { namespace, .. }, _) => {
            (XML, query_error(namespace, request_id, report).into_bytes())
        }
    };
    let mut response = respond(content_type, request_id, report.status, code, body);
    if form == AnswerForm::Cbor {
        let named = ("smithy-protocol", "rpc-v2-cbor".to_owned());
        response.headers.push(named);
    }
    response
}

const AMZ_JSON: &str = "application/x-amz-json-1.1";
const JSON: &str = "application/json";
const XML: &str = "text/xml";
const CBOR: &str = "application/cbor";

fn respond(
    content_type: &str,
    request_id: &str,
    status: u16,
    error_code: Option<&str>,
    body: Vec<u8>,
) -> Response {
    let mut headers = vec![
        ("content-type", content_type.to_owned()),
        ("x-amzn-requestid", request_id.to_owned()),
    ];
    if let Some(code) = error_code {
        headers.push(("x-amzn-errortype", code.to_owned()));
    }
    Response {
        status,
        headers,
        body,
    }
}

/// A Query answer's tree as JSON, around the JSON of its result.
fn query_json<O: Modeled>(request_id: &str, result: Option<&str>) -> String {
    let name = O::NAME;
    let mut text = SecretText::default();
    let _ = write!(text, r#"{{"{name}Response":{{"#);
    if let Some(json) = result {
        let _ = write!(text, r#""{name}Result":{json},"#);
    }
    let _ = write!(
        text,
        r#""ResponseMetadata":{{"RequestId":"{request_id}"}}}}}}"#
    );
    text.into_string()
}

fn query_json_error(request_id: &str, report: &ErrorReport) -> String {
    let mut error = JsonWriter::default();
    error.structure(&[
        ("Code", &report.code.to_owned(), &Shape::ANY),
        ("Message", &report.message, &Shape::ANY),
        ("Type", &fault_side(report).to_owned(), &Shape::ANY),
    ]);
    let error = error.into_text();
    format!(r#"{{"Error":{error},"RequestId":"{request_id}"}}"#)
}

/// A CBOR map of texts.
fn cbor_error(report: &ErrorReport) -> Vec<u8> {
    let text = |to: &mut Vec<u8>, text: &str| {
        // Major type 3 with a length of four bytes: longer than needed, and always allowed.
        to.push(0x7a);
        to.extend(u32::try_from(text.len()).unwrap_or(0).to_be_bytes());
        to.extend_from_slice(text.as_bytes());
    };
    let mut body = Vec::new();
    body.push(0xa0 | if report.message.is_some() { 2 } else { 1 });
    text(&mut body, "__type");
    text(&mut body, report.code);
    if let Some(message) = &report.message {
        text(&mut body, "message");
        text(&mut body, message);
    }
    body
}

fn fault_side(report: &ErrorReport) -> &'static str {
    if report.is_senders_fault() {
        "Sender"
    } else {
        "Receiver"
    }
}

fn json_error(report: &ErrorReport) -> String {
    let code = report.code.to_owned();
    let message = report.message.as_ref();
    let only = |is_there| message.filter(|_| is_there).cloned();
    let key = report.message_key;
    let capital = only(matches!(key, MessageKey::Capital | MessageKey::Both));
    let lower = only(matches!(key, MessageKey::Lower | MessageKey::Both));
    let mut writer = JsonWriter::default();
    writer.structure(&[
        ("__type", &code, &Shape::ANY),
        ("Message", &capital, &Shape::ANY),
        ("message", &lower, &Shape::ANY),
    ]);
    writer.into_text()
}

fn query_error(namespace: &str, request_id: &str, report: &ErrorReport) -> String {
    let mut writer = XmlWriter::default();
    writer.element("ErrorResponse", &xmlns(namespace), |writer| {
        writer.element("Error", "", |writer| {
            writer.element("Type", "", |writer| writer.text(fault_side(report)));
            writer.element("Code", "", |writer| writer.text(report.code));
            if let Some(message) = &report.message {
                writer.element("Message", "", |writer| writer.text(message));
            }
        });
        writer.element("RequestId", "", |writer| writer.text(request_id));
    });
    writer.into_text()
}

fn xmlns(namespace: &str) -> String {
    format!(" xmlns=\"{namespace}\"")
}

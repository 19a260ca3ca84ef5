//! Answers on the wire.

use crate::{
    ErrorReport, MessageKey, Modeled, Protocol, Service,
    codec::{Encode, JsonWriter, Shape, Sink, XmlWriter},
};

/// An HTTP answer. The listener adds `Date`, which SDKs correct their clocks by.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// Puts the output of an operation on the wire.
pub fn render_output<O: Modeled>(request_id: &str, output: &O::Output) -> Response {
    let body = match O::SERVICE.protocol() {
        Protocol::Json { .. } if !O::HAS_OUTPUT => String::new(),
        Protocol::Json { .. } => {
            let mut writer = JsonWriter::default();
            output.encode(&Shape::ANY, &mut writer);
            writer.into_text()
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
            writer.into_text()
        }
    };
    respond(O::SERVICE, request_id, 200, None, body)
}

/// Puts an error on the wire, in the protocol of its service.
pub fn render_error(service: Service, request_id: &str, report: &ErrorReport) -> Response {
    let body = match service.protocol() {
        Protocol::Json { .. } => json_error(report),
        Protocol::Query { namespace, .. } => query_error(namespace, request_id, report),
    };
    respond(service, request_id, report.status, Some(report.code), body)
}

fn respond(
    service: Service,
    request_id: &str,
    status: u16,
    error_code: Option<&str>,
    body: String,
) -> Response {
    let content_type = if service.is_query() {
        "text/xml"
    } else {
        "application/x-amz-json-1.1"
    };
    let mut headers = vec![
        ("content-type", content_type.to_owned()),
        ("x-amzn-requestid", request_id.to_owned()),
    ];
    if let Some(code) = error_code.filter(|_| !service.is_query()) {
        headers.push(("x-amzn-errortype", code.to_owned()));
    }
    Response {
        status,
        headers,
        body: body.into_bytes(),
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
    let fault = if report.is_senders_fault() {
        "Sender"
    } else {
        "Receiver"
    };
    let mut writer = XmlWriter::default();
    writer.element("ErrorResponse", &xmlns(namespace), |writer| {
        writer.element("Error", "", |writer| {
            writer.element("Type", "", |writer| writer.text(fault));
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

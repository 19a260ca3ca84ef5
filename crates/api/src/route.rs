//! Which operation a request asks for.
//!
//! All services share one address, so the service is told by `X-Amz-Target`, else by `Action` and `Version`, else by
//! the scope of the credential. A refusal says which service's words to answer in.

use http::{HeaderMap, Method, header, request::Parts};

use crate::{
    CommonError, Protocol, Service,
    codec::{Node, parse_json, parse_query},
    implemented_operations, known_operations,
    sigv4::scope_service,
};

/// A request whose operation is known. Its members are not checked yet.
pub struct Routed {
    pub service: Service,
    /// The operation's name, which sealift implements.
    pub operation: &'static str,
    pub node: Node,
}

/// A request that asks for nothing we can do, and the service in whose protocol to say so.
#[derive(Debug)]
pub struct Refused {
    pub service: Service,
    /// The operation, as far as the request told it.
    pub operation: Option<&'static str>,
    pub error: CommonError,
}

/// Finds service and operation of a request, and reads its body into a tree.
pub fn route(parts: &Parts, body: &[u8]) -> Result<Routed, Refused> {
    let query = parts.uri.query().unwrap_or_default();
    if let Some(target) = header(&parts.headers, "x-amz-target") {
        return json(parts, target, body);
    }
    let scope = scope_service(parts).and_then(|name| Service::by_signing_name(&name));
    if is_rpc_v2(parts) {
        return refuse(
            scope.unwrap_or(Service::SecretsManager),
            CommonError::UnknownProtocol("rpc-v2-cbor"),
        );
    }
    let in_query = query.split('&').any(|pair| pair.starts_with("Action="));
    if in_query && (body.is_empty() || parts.method == Method::GET) {
        return self::query(scope, query.as_bytes());
    }
    if is_form(&parts.headers) {
        return self::query(scope, body);
    }
    match scope {
        Some(service) if service.is_query() && !body.is_empty() => refuse(
            service,
            CommonError::Serialization(format!(
                "content type `{}` is not `application/x-www-form-urlencoded`",
                media_type(&parts.headers)
            )),
        ),
        Some(service) if service.is_query() => refuse(service, CommonError::MissingAction),
        service => refuse(
            service.unwrap_or(Service::SecretsManager),
            CommonError::UnknownOperation(String::new()),
        ),
    }
}

fn refuse<T>(service: Service, error: CommonError) -> Result<T, Refused> {
    Err(Refused {
        service,
        operation: None,
        error,
    })
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The media type without its parameters.
fn media_type(headers: &HeaderMap) -> &str {
    let content_type = header(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim()
}

fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers).eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Newer SDKs may prefer this protocol where a service's model offers it. None of ours does.
pub(crate) fn is_rpc_v2(parts: &Parts) -> bool {
    header(&parts.headers, "smithy-protocol").is_some_and(|p| p.eq_ignore_ascii_case("rpc-v2-cbor"))
        || (parts.uri.path().starts_with("/service/") && parts.uri.path().contains("/operation/"))
}

fn json(parts: &Parts, target: &str, body: &[u8]) -> Result<Routed, Refused> {
    let (prefix, name) = target.rsplit_once('.').unwrap_or((target, ""));
    let Some(service) = Service::by_target(prefix) else {
        let scope = scope_service(parts).and_then(|name| Service::by_signing_name(&name));
        let service = scope.unwrap_or(Service::SecretsManager);
        return refuse(service, CommonError::UnknownOperation(target.to_owned()));
    };
    let operation = find(
        service,
        name,
        CommonError::UnknownOperation(target.to_owned()),
    )?;
    let refuse = |error| Refused {
        service,
        operation: Some(operation),
        error,
    };
    let serialization = |text: String| refuse(CommonError::Serialization(text));
    let media_type = media_type(&parts.headers);
    let is_json = [
        "application/x-amz-json-1.1",
        "application/x-amz-json-1.0",
        "application/json",
    ]
    .iter()
    .any(|json| media_type.eq_ignore_ascii_case(json));
    if !is_json {
        return Err(serialization(format!(
            "content type `{media_type}` is not `application/x-amz-json-1.1`"
        )));
    }
    match parse_json(body).map_err(|error| refuse(error.into()))? {
        node @ Node::Map(_) => Ok(Routed {
            service,
            operation,
            node,
        }),
        _ => Err(serialization("the body is not a JSON object".to_owned())),
    }
}

fn query(scope: Option<Service>, body: &[u8]) -> Result<Routed, Refused> {
    let scope = scope.filter(|service| service.is_query());
    let node = match parse_query(body) {
        Ok(node) => node,
        Err(error) => return refuse(scope.unwrap_or(Service::Sts), error.into()),
    };
    let text = |name| node.text_member(name).unwrap_or_default();
    let (action, version) = (text("Action"), text("Version"));
    let by_name = |action: &str| {
        [Service::Iam, Service::Sts]
            .into_iter()
            .find(|s| known_operations(*s).contains(&action))
    };
    let service = Service::by_version(version)
        .or(scope)
        .or_else(|| by_name(action))
        .unwrap_or(Service::Sts);
    if action.is_empty() {
        return refuse(service, CommonError::MissingAction);
    }
    let Protocol::Query { version: ours, .. } = service.protocol() else {
        return refuse(service, CommonError::UnknownOperation(action.to_owned()));
    };
    let unknown = || CommonError::InvalidAction {
        action: action.to_owned(),
        version: if version.is_empty() { ours } else { version }.to_owned(),
    };
    if !version.is_empty() && version != ours {
        return refuse(service, unknown());
    }
    let operation = find(service, action, unknown())?;
    Ok(Routed {
        service,
        operation,
        node,
    })
}

/// The implemented operation of this name, or why there is none.
fn find(service: Service, name: &str, unknown: CommonError) -> Result<&'static str, Refused> {
    if let Ok(at) = implemented_operations(service).binary_search(&name)
        && let Some(operation) = implemented_operations(service).get(at)
    {
        return Ok(operation);
    }
    let known = known_operations(service)
        .iter()
        .find(|known| **known == name);
    Err(Refused {
        service,
        operation: known.copied(),
        error: match known {
            Some(name) => CommonError::Unsupported(format!("{service}:{name}")),
            None => unknown,
        },
    })
}

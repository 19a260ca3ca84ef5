//! `CreateBucketConfiguration`, the one document that is read.

use domain::s3::Refusal;
use quick_xml::{Reader, events::Event};

/// The `LocationConstraint` of a document; nothing where there is none. Entities, document types and instructions have no
/// business in it, and nothing is looked up for them.
pub(super) fn location(body: &[u8]) -> Result<Option<String>, Refusal> {
    if body.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut found = None;
    loop {
        match reader.read_event().map_err(|_| malformed())? {
            Event::Start(start) => {
                let name = start.local_name();
                path.push(name.as_ref().to_owned());
                check(&path)?;
            }
            Event::Empty(start) => {
                let name = start.local_name();
                path.push(name.as_ref().to_owned());
                check(&path)?;
                path.pop();
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Text(inside) => {
                let text = inside.trim();
                match path.len() {
                    2 => found = Some(text.to_owned()),
                    _ if text.is_empty() => {}
                    _ => return Err(malformed()),
                }
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Eof if path.is_empty() => return Ok(found.filter(|text| !text.is_empty())),
            _ => return Err(malformed()),
        }
    }
}

fn check(path: &[String]) -> Result<(), Refusal> {
    match path {
        [root] if root == "CreateBucketConfiguration" => Ok(()),
        [root, inside] if root == "CreateBucketConfiguration" => match inside.as_str() {
            "LocationConstraint" => Ok(()),
            "Bucket" | "Location" | "Tags" => Err(Refusal::not_implemented(&format!(
                "`{inside}` of CreateBucket"
            ))),
            _ => Err(malformed()),
        },
        _ => Err(malformed()),
    }
}

fn malformed() -> Refusal {
    let text =
        "The XML you provided was not well-formed or did not validate against our published schema";
    Refusal::told(400, "MalformedXML", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(body: &str) -> Result<Option<String>, &'static str> {
        location(body.as_bytes()).map_err(|refusal| match refusal {
            Refusal::Told { code, .. } => code,
            Refusal::Fault(_) => "fault",
        })
    }

    #[test]
    fn the_region_of_a_bucket_is_read() {
        let namespace = r#"xmlns="http://s3.amazonaws.com/doc/2006-03-01/""#;
        let body = format!(
            "<?xml version=\"1.0\"?>\n<CreateBucketConfiguration {namespace}>\n <LocationConstraint>eu-west-1</LocationConstraint>\n</CreateBucketConfiguration>"
        );
        assert_eq!(outcome(&body), Ok(Some("eu-west-1".to_owned())));
        assert_eq!(outcome(""), Ok(None));
        assert_eq!(outcome("<CreateBucketConfiguration/>"), Ok(None));
    }

    #[test]
    fn hostile_documents_are_malformed() {
        let deep = "<a>".repeat(10_000);
        for body in [
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><CreateBucketConfiguration><LocationConstraint>&x;</LocationConstraint></CreateBucketConfiguration>",
            "<CreateBucketConfiguration><LocationConstraint>&x;</LocationConstraint></CreateBucketConfiguration>",
            "<CreateBucketConfiguration><LocationConstraint>a",
            "<Other/>",
            "text",
            "<",
            "<CreateBucketConfiguration><![CDATA[a]]></CreateBucketConfiguration>",
            deep.as_str(),
        ] {
            assert_eq!(outcome(body), Err("MalformedXML"), "{body:.60}");
        }
        let tags = "<CreateBucketConfiguration><Tags/></CreateBucketConfiguration>";
        assert_eq!(outcome(tags), Err("NotImplemented"));
    }
}

use types::SecretValue;

use super::*;

fn credentials() -> Credentials {
    Credentials {
        credentials_id: "11111111-2222-3333-4444-555555555555".into(),
        role_arn: "arn:aws:iam::111122223333:role/ecsTaskExecutionRole".into(),
        access_key_id: "ASIAEXAMPLE".into(),
        secret_access_key: SecretValue::from("wJalr-hidden"),
        session_token: SecretValue::from("token-hidden"),
        expiration: "2026-11-22T15:00:16Z".into(),
        credential_scope: None,
    }
}

#[test]
fn a_payload_is_read_back_as_written() {
    let payload = ToAgent::from(PayloadMessage {
        message_id: "payload-1".into(),
        cluster_arn: "arn:aws:ecs:us-west-2:111122223333:cluster/c".into(),
        seq_num: 7,
        tasks: vec![Task {
            arn: "arn:aws:ecs:us-west-2:111122223333:task/c/1".into(),
            desired_status: "RUNNING".into(),
            execution_role_credentials: Some(credentials()),
            containers: vec![Container {
                name: "app".into(),
                essential: true,
                secrets: vec![Secret {
                    name: "V".into(),
                    kind: "ENVIRONMENT_VARIABLE".into(),
                    ..Secret::default()
                }],
                ..Container::default()
            }],
            ..Task::default()
        }],
        ..PayloadMessage::default()
    });
    let text = payload.encode();
    assert!(text.starts_with(r#"{"type":"PayloadMessage","message":{"messageId":"payload-1","#));
    assert!(text.contains(r#""type":"ENVIRONMENT_VARIABLE""#));
    assert!(text.contains(r#""secretAccessKey":"wJalr-hidden""#));
    assert_eq!(ToAgent::decode(&text), Ok(payload));
}

#[test]
fn debug_output_of_a_payload_shows_no_credentials() {
    let task = Task {
        execution_role_credentials: Some(credentials()),
        ..Task::default()
    };
    let text = format!("{task:?}");
    for hidden in ["hidden", "ASIAEXAMPLE", "11111111-2222"] {
        assert!(!text.contains(hidden), "{text}");
    }
}

#[test]
fn the_order_of_type_and_message_does_not_matter() {
    assert_eq!(
        ToAgent::decode(
            r#"{"message":{"messageId":"h","healthy":true},"type":"HeartbeatMessage"}"#
        ),
        Ok(ToAgent::HeartbeatMessage(HeartbeatMessage {
            message_id: "h".into(),
            healthy: true
        }))
    );
}

#[test]
fn unknown_types_and_members_are_tolerated() {
    assert_eq!(
        ToAgent::decode(r#"{"type":"StageUpdateMessage","message":{"messageId":"u"}}"#),
        Ok(ToAgent::Unknown("StageUpdateMessage".into()))
    );
    assert_eq!(
        FromAgent::decode(r#"{"type":"HeartbeatAckRequest","message":{"messageId":"h","new":1}}"#),
        Ok(FromAgent::HeartbeatAckRequest(HeartbeatAckRequest {
            message_id: "h".into()
        }))
    );
    let refresh = r#"{"type":"IAMRoleCredentialsMessage","message":{"messageId":"c","taskArn":"t","roleType":"Other"}}"#;
    assert!(matches!(
        ToAgent::decode(refresh),
        Ok(ToAgent::IAMRoleCredentialsMessage(m)) if m.role_type == RoleType::Unknown
    ));
}

#[test]
fn a_frame_that_cannot_be_read_is_not_repeated_in_the_error() {
    let text = r#"{"type":"PayloadMessage","message":{"messageId":"m","tasks":"s3cret"}}"#;
    let error = ToAgent::decode(text).unwrap_err().to_string();
    assert!(
        error.starts_with("PayloadMessage is not a readable message (line 1"),
        "{error}"
    );
    assert!(!error.contains("s3cret"));
    assert!(ToAgent::decode("not json").is_err());
}

#[test]
fn what_a_command_prints_is_read_back_and_shown_to_nobody() {
    let report = FromAgent::from(ExecReportMessage {
        exec_id: "1".into(),
        event: ExecEvent::Stdout(ExecData::of(b"PASSWORD=hidden\xff")),
    });
    assert_eq!(FromAgent::decode(&report.encode()).unwrap(), report);
    assert!(!format!("{report:?}").contains("UEFTU1dPUkQ9"));
    let request = ToAgent::from(ExecRequestMessage {
        exec_id: "1".into(),
        action: ExecAction::Start(ExecStart {
            command: vec!["env".into()],
            terminal: Some(TerminalSize {
                columns: 80,
                rows: 24,
            }),
            ..ExecStart::default()
        }),
    });
    assert_eq!(ToAgent::decode(&request.encode()).unwrap(), request);
    let data = ExecData::of(b"\0\xff");
    assert_eq!(data.bytes().as_deref(), Some(&b"\0\xff"[..]));
}

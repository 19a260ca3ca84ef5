//! KMS over the wire.

use serde_json::{Value, json};
use testkit::{ACCOUNT, Caller, REGION};

/// What KMS answers to a request that succeeds.
async fn kms(caller: &Caller, operation: &str, input: Value) -> Value {
    let answer = send(caller, "kms", &format!("TrentService.{operation}"), input).await;
    assert_eq!(answer.0, 200, "{operation}: {}", answer.1);
    answer.1
}

/// The code and message of a refusal by KMS; the message is empty where there is none.
async fn refusal(caller: &Caller, operation: &str, input: Value) -> (String, String) {
    let (status, body) = send(caller, "kms", &format!("TrentService.{operation}"), input).await;
    assert_eq!(status, 400, "{operation}: {body}");
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    (text("__type"), text("message"))
}

async fn send(caller: &Caller, service: &str, target: &str, input: Value) -> (u16, Value) {
    let answer = caller.raw().json(service, target, &input.to_string()).await;
    let body = if answer.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&answer.body).unwrap()
    };
    (answer.status, body)
}

/// The id of a new key.
async fn new_key(caller: &Caller, input: Value) -> String {
    let made = kms(caller, "CreateKey", input).await;
    made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
}

fn key_arn(id: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}")
}

fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

fn allow(actions: &str) -> String {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

fn key_policy(statements: &[(&str, &str)]) -> String {
    let statements: Vec<_> = statements
        .iter()
        .map(|(principal, action)| {
            json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"})
        })
        .collect();
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

const NOTHING: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#;

/// `hello`, as the wire has it.
const HELLO: &str = "aGVsbG8=";

#[tokio::test]
async fn a_new_key_describes_itself() {
    let aws = testkit::start().await;
    let root = aws.root();
    let made = kms(&root, "CreateKey", json!({})).await["KeyMetadata"].clone();
    let id = made["KeyId"].as_str().unwrap();
    assert_eq!(made["Arn"], key_arn(id));
    assert_eq!(made["CurrentKeyMaterialId"].as_str().unwrap().len(), 64);
    let mut rest = made.clone();
    for given in ["KeyId", "Arn", "CreationDate", "CurrentKeyMaterialId"] {
        assert!(
            rest.as_object_mut().unwrap().remove(given).is_some(),
            "{given}"
        );
    }
    assert_eq!(
        rest,
        json!({
            "AWSAccountId": ACCOUNT,
            "Enabled": true,
            "Description": "",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": "Enabled",
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "MultiRegion": false,
        })
    );
    let described = kms(&root, "DescribeKey", json!({"KeyId": made["Arn"]})).await;
    assert_eq!(described["KeyMetadata"], made);
}

#[tokio::test]
async fn a_ciphertext_opens_with_its_context_alone_and_says_nothing_otherwise() {
    let aws = testkit::start().await;
    let root = aws.root();
    let key = new_key(&root, json!({})).await;
    let context = json!({"app": "shop", "tier": "gold"});
    let sealed = kms(
        &root,
        "Encrypt",
        json!({"KeyId": key, "Plaintext": HELLO, "EncryptionContext": context}),
    )
    .await;
    let blob = &sealed["CiphertextBlob"];

    let opened = kms(
        &root,
        "Decrypt",
        json!({"CiphertextBlob": blob, "EncryptionContext": context}),
    )
    .await;
    assert_eq!(
        (&opened["Plaintext"], &opened["KeyId"]),
        (&json!(HELLO), &json!(key_arn(&key)))
    );

    for wrong in [
        json!({}),
        json!({"app": "shop"}),
        json!({"App": "shop", "tier": "gold"}),
    ] {
        let input = json!({"CiphertextBlob": blob, "EncryptionContext": wrong});
        let refused = refusal(&root, "Decrypt", input).await;
        assert_eq!(
            refused,
            ("InvalidCiphertextException".to_owned(), String::new())
        );
    }
    let garbage = refusal(&root, "Decrypt", json!({"CiphertextBlob": HELLO})).await;
    assert_eq!(
        garbage,
        ("InvalidCiphertextException".to_owned(), String::new())
    );

    let other = new_key(&root, json!({})).await;
    let input = json!({"CiphertextBlob": blob, "EncryptionContext": context, "KeyId": other});
    assert_eq!(
        refusal(&root, "Decrypt", input).await.0,
        "IncorrectKeyException"
    );
}

#[tokio::test]
async fn a_caller_without_permission_does_not_learn_whether_a_key_exists() {
    let aws = testkit::start().await;
    let key = new_key(&aws.root(), json!({})).await;
    let stranger = aws.user("stranger", NOTHING).await;
    let absent = "11111111-2222-4333-8444-555555555555";
    for id in [key.as_str(), absent] {
        let (code, message) = refusal(&stranger, "DescribeKey", json!({"KeyId": id})).await;
        assert_eq!(code, "AccessDeniedException");
        let expected = format!(
            "User: {} is not authorized to perform: kms:DescribeKey on resource: {} \
             because no identity-based policy allows the kms:DescribeKey action",
            user_arn("stranger"),
            key_arn(id),
        );
        assert_eq!(message, expected);
    }
    let (code, message) = refusal(&aws.root(), "DescribeKey", json!({"KeyId": absent})).await;
    assert_eq!(code, "NotFoundException");
    assert_eq!(message, format!("Key '{}' does not exist", key_arn(absent)));
}

#[tokio::test]
async fn the_key_policy_is_the_first_authority() {
    let aws = testkit::start().await;
    let root = aws.root();
    let admin = aws.user("admin", &allow("*")).await;
    let nobody = aws.user("nobody", NOTHING).await;
    let policy = key_policy(&[
        (&user_arn("admin"), "kms:PutKeyPolicy"),
        (&user_arn("nobody"), "kms:Encrypt"),
    ]);
    let key = new_key(&admin, json!({"Policy": policy})).await;
    let encrypt = || json!({"KeyId": key, "Plaintext": HELLO});

    kms(&nobody, "Encrypt", encrypt()).await;
    for refused in [&admin, &root] {
        let (code, message) = refusal(refused, "Encrypt", encrypt()).await;
        assert_eq!(code, "AccessDeniedException");
        assert!(
            message.ends_with("because no resource-based policy allows the kms:Encrypt action"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_policy_that_its_author_could_not_change_again_is_refused() {
    let aws = testkit::start().await;
    let admin = aws.user("admin", &allow("*")).await;
    let policy = key_policy(&[(&user_arn("admin"), "kms:Encrypt")]);

    let (code, message) = refusal(&admin, "CreateKey", json!({"Policy": policy})).await;
    assert_eq!(code, "MalformedPolicyDocumentException");
    assert_eq!(
        message,
        "The new key policy will not allow you to update the key policy in the future."
    );

    let bypass = json!({"Policy": policy, "BypassPolicyLockoutSafetyCheck": true});
    new_key(&admin, bypass).await;
}

#[tokio::test]
async fn a_user_made_again_under_the_same_name_does_not_inherit_the_key() {
    let aws = testkit::start().await;
    let root = aws.root();
    let first = aws.user("ada", NOTHING).await;
    let policy = key_policy(&[
        (&format!("arn:aws:iam::{ACCOUNT}:root"), "kms:*"),
        (&user_arn("ada"), "kms:Encrypt"),
    ]);
    let key = new_key(&root, json!({"Policy": policy})).await;
    let encrypt = json!({"KeyId": key, "Plaintext": HELLO});
    kms(&first, "Encrypt", encrypt.clone()).await;

    let iam = |action: &'static str, parameters: Vec<(&'static str, String)>| {
        let root = root.clone();
        async move {
            let parameters: Vec<_> = parameters.iter().map(|(k, v)| (*k, v.as_str())).collect();
            root.raw()
                .query("iam", "2010-05-08", action, &parameters)
                .await
                .success()
        }
    };
    let ada = || ("UserName", "ada".to_owned());
    let listed = iam("ListAccessKeys", vec![ada()])
        .await
        .element("AccessKeyId");
    iam("DeleteAccessKey", vec![ada(), ("AccessKeyId", listed)]).await;
    iam(
        "DeleteUserPolicy",
        vec![ada(), ("PolicyName", "test".to_owned())],
    )
    .await;
    iam("DeleteUser", vec![ada()]).await;
    let second = aws.user("ada", NOTHING).await;

    assert_eq!(
        refusal(&second, "Encrypt", encrypt).await.0,
        "AccessDeniedException"
    );
}

#[tokio::test]
async fn a_policy_names_only_principals_that_exist() {
    let aws = testkit::start().await;
    let policy = key_policy(&[
        (&format!("arn:aws:iam::{ACCOUNT}:root"), "kms:*"),
        (&user_arn("ghost"), "kms:Encrypt"),
    ]);
    let (code, message) = refusal(&aws.root(), "CreateKey", json!({"Policy": policy})).await;
    assert_eq!(code, "MalformedPolicyDocumentException");
    assert_eq!(
        message,
        "Policy contains a statement with one or more invalid principals."
    );
}

#[tokio::test]
async fn a_key_that_aws_manages_serves_its_service_and_nobody_else() {
    let aws = testkit::start().await;
    let user = aws.user("user", &allow("ssm:*")).await;
    let put = json!({"Name": "/db", "Type": "SecureString", "Value": "v"});
    let (status, body) = send(&user, "ssm", "AmazonSSM.PutParameter", put).await;
    assert_eq!(status, 200, "{body}");

    let root = aws.root();
    let described = kms(&root, "DescribeKey", json!({"KeyId": "alias/aws/ssm"})).await;
    assert_eq!(described["KeyMetadata"]["KeyManager"], "AWS");
    let direct = json!({"KeyId": "alias/aws/ssm", "Plaintext": HELLO});
    assert_eq!(
        refusal(&root, "Encrypt", direct).await.0,
        "AccessDeniedException"
    );
    let taken =
        json!({"AliasName": "alias/aws/mine", "TargetKeyId": described["KeyMetadata"]["KeyId"]});
    let refused = refusal(&root, "CreateAlias", taken).await;
    assert_eq!(
        refused,
        ("NotAuthorizedException".to_owned(), String::new())
    );
}

#[tokio::test]
async fn a_secret_is_decrypted_as_its_reader_through_secrets_manager() {
    let aws = testkit::start().await;
    let root = aws.root();
    let key = new_key(&root, json!({})).await;
    let token = "11111111-2222-4333-8444-555555555555";
    let create = json!({
        "Name": "db",
        "ClientRequestToken": token,
        "SecretString": "s3cr3t",
        "KmsKeyId": key,
    });
    let (status, secret) = send(
        &root,
        "secretsmanager",
        "secretsmanager.CreateSecret",
        create,
    )
    .await;
    assert_eq!(status, 200, "{secret}");

    let reader = |name: &'static str, condition: Value| {
        let aws = &aws;
        let decrypt = json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn(&key), "Condition": condition});
        let read =
            json!({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"});
        let policy = json!({"Version": "2012-10-17", "Statement": [read, decrypt]}).to_string();
        async move { aws.user(name, &policy).await }
    };
    let get = |caller: Caller| async move {
        let input = json!({"SecretId": "db"});
        send(
            &caller,
            "secretsmanager",
            "secretsmanager.GetSecretValue",
            input,
        )
        .await
    };

    let via = json!({"StringEquals": {
        "kms:ViaService": format!("secretsmanager.{REGION}.amazonaws.com"),
        "kms:EncryptionContext:SecretARN": secret["ARN"],
        "kms:CallerAccount": ACCOUNT,
    }});
    let (status, body) = get(reader("via", via).await).await;
    assert_eq!((status, &body["SecretString"]), (200, &json!("s3cr3t")));

    // AWS: a request that a service makes for its caller has no source address.
    let from_here = json!({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}});
    let other_secret =
        json!({"StringEquals": {"kms:EncryptionContext:SecretARN": "arn:of:another"}});
    for (name, condition) in [("from-here", from_here), ("other-secret", other_secret)] {
        let (status, body) = get(reader(name, condition).await).await;
        assert_eq!(status, 400, "{name}: {body}");
        assert_eq!(body["__type"], "AccessDeniedException");
        assert_eq!(body["Message"], "Access to KMS is not allowed");
    }
}

#[tokio::test]
async fn lists_come_in_pages_and_name_the_aliases_of_aws_before_their_keys_exist() {
    let aws = testkit::start().await;
    let root = aws.root_in("eu-north-1");
    let mut made = Vec::new();
    for n in 0..3 {
        let key = new_key(&root, json!({})).await;
        kms(
            &root,
            "CreateAlias",
            json!({"AliasName": format!("alias/app/{n}"), "TargetKeyId": key}),
        )
        .await;
        made.push(key);
    }
    made.sort();

    let first = kms(&root, "ListKeys", json!({"Limit": 2})).await;
    assert_eq!(first["Truncated"], true);
    let second = kms(
        &root,
        "ListKeys",
        json!({"Limit": 2, "Marker": first["NextMarker"]}),
    )
    .await;
    assert_eq!(
        (&second["Truncated"], &second["NextMarker"]),
        (&json!(false), &Value::Null)
    );
    let listed: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| page["Keys"].as_array().unwrap())
        .map(|entry| entry["KeyId"].as_str().unwrap())
        .collect();
    assert_eq!(listed, made);

    let mut names = Vec::new();
    let mut input = json!({"Limit": 2});
    loop {
        let page = kms(&root, "ListAliases", input).await;
        for alias in page["Aliases"].as_array().unwrap() {
            let name = alias["AliasName"].as_str().unwrap().to_owned();
            assert_eq!(
                alias.get("TargetKeyId").is_some(),
                !name.starts_with("alias/aws/")
            );
            names.push(name);
        }
        if page["NextMarker"].is_null() {
            break;
        }
        input = json!({"Limit": 2, "Marker": page["NextMarker"]});
    }
    let expected = [
        "alias/app/0",
        "alias/app/1",
        "alias/app/2",
        "alias/aws/secretsmanager",
        "alias/aws/ssm",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_dry_run_checks_everything_and_does_nothing() {
    let aws = testkit::start().await;
    let root = aws.root();
    let key = new_key(&root, json!({})).await;
    let dry = json!({"KeyId": key, "NumberOfBytes": 32, "DryRun": true});
    assert_eq!(
        refusal(&root, "GenerateDataKey", dry.clone()).await.0,
        "DryRunOperationException"
    );
    let stranger = aws.user("stranger", NOTHING).await;
    assert_eq!(
        refusal(&stranger, "GenerateDataKey", dry).await.0,
        "AccessDeniedException"
    );
}

#[tokio::test]
async fn what_old_material_encrypted_opens_after_rotations() {
    let aws = testkit::start().await;
    let root = aws.root();
    let key = new_key(&root, json!({})).await;
    let mut made = Vec::new();
    for _ in 0..3 {
        let encrypt = json!({"KeyId": key, "Plaintext": HELLO});
        made.push(kms(&root, "Encrypt", encrypt).await["CiphertextBlob"].clone());
        kms(&root, "RotateKeyOnDemand", json!({"KeyId": key})).await;
    }
    let mut materials = Vec::new();
    for blob in made {
        let opened = kms(&root, "Decrypt", json!({"CiphertextBlob": blob})).await;
        assert_eq!(opened["Plaintext"], HELLO);
        materials.push(opened["KeyMaterialId"].clone());
    }
    let described = kms(&root, "DescribeKey", json!({"KeyId": key})).await;
    materials.push(described["KeyMetadata"]["CurrentKeyMaterialId"].clone());
    let all = json!({"KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"});
    let listed = kms(&root, "ListKeyRotations", all).await;
    let listed: Vec<_> = listed["Rotations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["KeyMaterialId"].clone())
        .collect();
    assert_eq!(listed, materials);
}

#[tokio::test]
async fn a_grant_decides_from_the_next_request_on_until_it_is_revoked() {
    let aws = testkit::start().await;
    let root = aws.root();
    let user = aws.user("grantee", NOTHING).await;
    let key = new_key(&root, json!({})).await;
    let encrypt = json!({"KeyId": key, "Plaintext": HELLO});
    assert_eq!(
        refusal(&user, "Encrypt", encrypt.clone()).await.0,
        "AccessDeniedException"
    );
    let grant = json!({
        "KeyId": key,
        "GranteePrincipal": user_arn("grantee"),
        "Operations": ["Encrypt"],
    });
    let grant = kms(&root, "CreateGrant", grant).await;
    kms(&user, "Encrypt", encrypt.clone()).await;
    kms(
        &root,
        "RevokeGrant",
        json!({"KeyId": key, "GrantId": grant["GrantId"]}),
    )
    .await;
    assert_eq!(
        refusal(&user, "Encrypt", encrypt).await.0,
        "AccessDeniedException"
    );
}

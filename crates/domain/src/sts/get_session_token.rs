//! `sts:GetSessionToken`

use api::{
    Modeled as _,
    sts::{
        Error,
        get_session_token::{GetSessionToken, Input, Output},
    },
};

use super::credentials::{self, Asker};
use crate::{
    Cx, Operation,
    identity::session::{self, SessionRecord},
};

impl Operation for GetSessionToken {
    // AWS: needs no permission, and no policy stops it.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let asker = Asker::of(cx, Self::NAME)?;
        credentials::refuse_mfa(input.serial_number.as_deref(), input.token_code.as_deref())?;
        let duration = asker.duration(input.duration_seconds);
        let record = SessionRecord::new(asker.holder(cx), cx.now(), duration);
        let principal = cx.caller.principal.clone();
        let made = session::issue(&cx.world, cx.account(), principal, &record)?;
        Ok(Output {
            credentials: Some(credentials::show(made)),
        })
    }
}

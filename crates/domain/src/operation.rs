//! What an AWS operation is to this crate.

use std::future::Future;

use crate::Cx;

/// One operation of the AWS API, with what it does. Its shapes, its action and whether it writes come from the
/// service model; implementations say `async fn run`.
pub trait Operation: api::Modeled {
    /// Locates, authorises, acts and answers. Everything it saved is kept when it answers and undone when it fails.
    fn run(
        cx: &mut Cx,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Self::Error>> + Send;
}

//! From an operation's name to what it does.
//!
//! The table is made from the list of implemented operations that the code generator writes, so an operation that is
//! named there and not written here does not compile.

use std::{collections::HashMap, future::Future, pin::Pin, sync::LazyLock};

use api::{
    ErrorReport, Kind, Response, Service, ServiceError, codec::Node, decode_input, render_output,
};

use crate::{Cx, Operation};

/// An operation that is not answered with its output.
#[derive(Debug)]
pub struct Failure {
    /// What the caller is told.
    pub report: ErrorReport,
    /// What the operator is told, where the failure is ours.
    pub fault: Option<String>,
}

/// An operation and its input, decoded and checked.
pub trait Prepared: Send {
    /// Whether it needs a session that writes.
    fn kind(&self) -> Kind;

    /// Runs it and puts its output on the wire.
    fn run(self: Box<Self>, cx: &mut Cx) -> Running<'_>;
}

/// The future of a running operation.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send + 'a>>;

/// Decodes the input of an operation; `None` where none of that name is implemented.
pub fn prepare(
    service: Service,
    operation: &str,
    node: Node,
) -> Option<Result<Box<dyn Prepared>, Failure>> {
    TABLE
        .get(&(service, operation))
        .map(|prepare| prepare(node))
}

type Prepare = fn(Node) -> Result<Box<dyn Prepared>, Failure>;

macro_rules! table {
    ($(($service:ident, $module:ident, $operation:ident))*) => {
        HashMap::from([$(entry::<api::$service::$module::$operation>()),*])
    };
}

static TABLE: LazyLock<HashMap<(Service, &'static str), Prepare>> =
    LazyLock::new(|| api::for_each_operation!(table));

fn entry<O: Operation>() -> ((Service, &'static str), Prepare) {
    ((O::SERVICE, O::NAME), |node| {
        let input = decode_input::<O>(node).map_err(|error| Failure::from_error(&error))?;
        Ok(Box::new(Call::<O> { input }))
    })
}

struct Call<O: Operation> {
    input: O::Input,
}

impl<O: Operation> Prepared for Call<O> {
    fn kind(&self) -> Kind {
        O::KIND
    }

    fn run(self: Box<Self>, cx: &mut Cx) -> Running<'_> {
        Box::pin(async move {
            cx.running = Some((O::ACTION, O::ACCESS));
            let output = O::run(cx, self.input)
                .await
                .map_err(|error| Failure::from_error(&error))?;
            Ok(render_output::<O>(
                cx.request.answer_form,
                &cx.request.id,
                &output,
            ))
        })
    }
}

impl Failure {
    fn from_error(error: &impl ServiceError) -> Self {
        Self {
            report: error.report(),
            fault: error.fault().map(types::Fault::chain),
        }
    }
}

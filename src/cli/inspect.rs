//! `regulars inspect`: arguments → request → findings → output.

use anyhow::Result;

use super::args::InspectArguments;
use super::choices::InspectFormatArgument;
use super::common::ReadArguments;
use super::output::{Output, protect_inputs, terminal_width};
use super::reading::read_options;
use super::rejects::with_rejects;
use crate::commands::inspect::{Request, run as inspect};
use crate::config::Document;
use crate::error::Error;
use crate::input::source::expand;
use crate::render::{render_inspection, render_inspection_json};

/// Runs the command. Where a report cannot be made, the findings are delivered and the run fails.
pub(super) fn run(arguments: &InspectArguments, document: Option<&Document>) -> Result<()> {
    let output_path = arguments.to.output.as_deref();
    let extension = output_path.and_then(|path| path.extension()).and_then(|extension| extension.to_str());
    let format = match (arguments.format, output_path.is_some(), extension) {
        (Some(format), ..) => format,
        (None, true, Some("json")) => InspectFormatArgument::Json,
        (None, false, _) | (None, true, Some("txt")) => InspectFormatArgument::Table,
        (None, true, _) => {
            return Err(Error::usage("--output: the extension does not name a format")
                .hint("use .json or .txt, or say --format")
                .into());
        }
    };
    let request = request(&arguments.files, &arguments.read, document)?;
    let inputs = request.files.iter().chain(&request.customers);
    protect_inputs(inputs, &arguments.read, &arguments.to.output)?;
    let output = Output::open(output_path)?;
    let inspection =
        with_rejects(arguments.read.rejects.as_deref(), |sink| inspect(&request, sink), |_| Ok(()))?;
    let width = arguments.to.width.unwrap_or_else(|| terminal_width(output_path.is_some()));
    let bytes = match format {
        InspectFormatArgument::Table => render_inspection(&inspection, width),
        InspectFormatArgument::Json => render_inspection_json(&inspection)?,
    };
    output.deliver(&bytes)?;
    match inspection.problems.first() {
        Some(problem) => Err(Error::places(problem.what.clone()).into()),
        None => Ok(()),
    }
}

/// What is to be inspected, and how it is read.
pub(super) fn request(
    files: &[String],
    read: &ReadArguments,
    document: Option<&Document>,
) -> Result<Request, Error> {
    let files = expand(files)?;
    let options = read_options(read, document, &files)?;
    Ok(Request {
        files,
        customers: options.customers_file,
        order_options: options.orders,
        customer_options: options.customers,
        max_rejects: read.max_rejects,
    })
}

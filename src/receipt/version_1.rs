//! Receipts of version 1, which had one input, and no delivery but the one to Genesys Cloud.

use serde::Deserialize;

use super::VERSION;
use super::delivery::{Delivery, DeliveryKind, StepEntry};
use super::model::{
    DroppedEntry, InputEntry, OutputEntry, Receipt, RequestEntry, SpanEntry, ToolEntry,
    TreatmentEntry, WindowEntry,
};

/// What was done to one recording.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReceiptVersion1 {
    #[serde(rename = "receipt")]
    _version: u32,
    tool: ToolEntry,
    made: String,
    input: InputEntry,
    asked: RequestEntry,
    windows: Vec<WindowEntry>,
    treatment: TreatmentEntry,
    spans: Vec<SpanEntry>,
    output: OutputEntry,
    dropped: Vec<DroppedEntry>,
    genesys: Option<DeliveryVersion1>,
}

/// The steps at Genesys Cloud.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeliveryVersion1 {
    recording_id: String,
    conversation_id: Option<String>,
    new_recording_id: Option<String>,
    steps: Vec<StepEntry>,
}

impl ReceiptVersion1 {
    /// The same receipt in the version in use.
    ///
    /// # Errors
    /// What version 1 did not have.
    pub(super) fn upgrade(self) -> Result<Receipt, String> {
        if self.input.key.is_some() || self.input.silence != 0 {
            return Err("the input of a receipt of version 1 has neither key nor silence".into());
        }
        if self.asked.windows.is_empty() || self.windows.is_empty() {
            return Err("a receipt of version 1 has a window".into());
        }
        if self.output.container.is_some()
            || self.output.bits.is_some()
            || self.output.md5.is_some()
            || self.output.done.is_some()
            || self.output.samples_sha256.is_none()
        {
            return Err("the output of a receipt of version 1 is a WAV".into());
        }
        if self.asked.source.is_some() {
            return Err("a receipt of version 1 does not tell where its windows came from".into());
        }
        let delivery = self.genesys.map(|genesys| Delivery {
            kind: DeliveryKind::Genesys,
            recording_id: Some(genesys.recording_id),
            conversation_id: genesys.conversation_id,
            new_recording_id: genesys.new_recording_id,
            steps: genesys.steps,
            ..Delivery::default()
        });
        Ok(Receipt {
            receipt: VERSION,
            tool: self.tool,
            made: self.made,
            inputs: vec![self.input],
            asked: self.asked,
            windows: self.windows,
            treatment: self.treatment,
            spans: self.spans,
            output: self.output,
            dropped: self.dropped,
            delivery,
        })
    }
}

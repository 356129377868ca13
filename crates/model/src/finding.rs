//! What was wrong with, or not honoured from, the input.

/// What kind of finding; stable text for scripts that filter them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingCode {
    /// A row or object could not be read; it was left out.
    BadInput,
    /// A field's value is out of range or not understood; the object or the field was left out.
    BadField,
    /// A feature that is asked for and not honoured yet.
    NotHonoured,
    /// How recorded rows became pods: what was mapped and what was dropped.
    Mapping,
    /// A reference to an object that is not in the input.
    MissingReference,
    /// Facts that are missing from the catalog.
    MissingFact,
    /// Something the user should know that is nobody's fault.
    Note,
}

impl FindingCode {
    /// The code as it appears in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::BadField => "bad-field",
            Self::NotHonoured => "not-honoured",
            Self::Mapping => "mapping",
            Self::MissingReference => "missing-reference",
            Self::MissingFact => "missing-fact",
            Self::Note => "note",
        }
    }

    /// Whether `--strict` refuses the input for it: true for what is wrong or ignored, false for
    /// what merely informs.
    pub const fn is_fault(self) -> bool {
        match self {
            Self::BadInput | Self::BadField | Self::NotHonoured | Self::MissingReference => true,
            Self::Mapping | Self::MissingFact | Self::Note => false,
        }
    }
}

/// One finding, possibly standing for `count` like ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What kind.
    pub code: FindingCode,
    /// The object, or file and line, such as `Pod default/web` or `pods.csv:17`; the first of
    /// `count` where there are several.
    pub object: String,
    /// The field as a path such as `spec.containers[0].resources.requests.cpu`; empty where the
    /// whole object is meant.
    pub field: String,
    /// What is the matter, with the offending value.
    pub message: String,
    /// What to do about it; empty where nothing need be done.
    pub remedy: String,
    /// How many objects this stands for, at least 1.
    pub count: u64,
}

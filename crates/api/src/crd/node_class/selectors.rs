//! How an `EC2NodeClass` selects what is already there, and what was found.
//!
//! Some rules hold only unless every term breaks them: so Karpenter has them, and a term that it
//! admits is admitted here.

use super::Schema;

/// Tags to select by; the value `*` is any.
fn tags() -> Schema {
    Schema::map(Schema::string())
        .keys(20)
        .rule("tags need a key and a value", "self.all(k, k != '' && self[k] != '')")
}

fn id(pattern: &str) -> Schema {
    Schema::string().pattern(pattern)
}

/// `spec.subnetSelectorTerms`.
pub(super) fn subnets() -> Schema {
    let term = Schema::object().field("id", "By id.", id("subnet-[0-9a-z]+")).field(
        "tags",
        "By tags; * is any value.",
        tags(),
    );
    Schema::list(term).items(0, Some(30)).rules(&[
        ("at least one term is needed", "self.size() != 0"),
        ("a term needs tags or id", "self.all(t, has(t.tags) || has(t.id))"),
        ("id goes without tags", "!self.all(t, has(t.id) && has(t.tags))"),
    ])
}

/// `spec.securityGroupSelectorTerms`.
pub(super) fn security_groups() -> Schema {
    let term = Schema::object()
        .field("id", "By id.", id("sg-[0-9a-z]+"))
        .field("name", "By name.", Schema::string())
        .field("tags", "By tags; * is any value.", tags());
    Schema::list(term).items(0, Some(30)).rules(&[
        ("at least one term is needed", "self.size() != 0"),
        ("a term needs tags, id or name", "self.all(t, has(t.tags) || has(t.id) || has(t.name))"),
        (
            "id goes without tags and name",
            "!self.all(t, has(t.id) && (has(t.tags) || has(t.name)))",
        ),
        (
            "name goes without tags and id",
            "!self.all(t, has(t.name) && (has(t.tags) || has(t.id)))",
        ),
    ])
}

/// `spec.capacityReservationSelectorTerms`.
pub(super) fn reservations() -> Schema {
    let term = Schema::object()
        .field("id", "By id.", id("^cr-[0-9a-z]+$"))
        .field(
            "instanceMatchCriteria",
            "By what may use it.",
            Schema::one_of(&["open", "targeted"]),
        )
        .field("ownerID", "By the owner's account.", Schema::string().pattern("^[0-9]{12}$"))
        .field("tags", "By tags; * is any value.", tags());
    Schema::list(term).items(0, Some(30)).rules(&[
        (
            "a term needs tags, id or instanceMatchCriteria",
            "self.all(t, has(t.tags) || has(t.id) || has(t.instanceMatchCriteria))",
        ),
        (
            "id goes alone",
            "!self.all(t, has(t.id) && (has(t.tags) || has(t.ownerID) || \
             has(t.instanceMatchCriteria)))",
        ),
    ])
}

/// `spec.placementGroupSelector`.
pub(super) fn placement_group() -> Schema {
    Schema::object()
        .field("id", "By id.", id("^pg-[0-9a-z]+$"))
        .field("name", "By name.", Schema::string().length(1, None))
        .rule("exactly one of name and id is needed", "has(self.name) != has(self.id)")
}

/// `spec.amiSelectorTerms`.
pub(super) fn images() -> Schema {
    let alias = Schema::string().length(0, Some(30)).rules(&[
        (
            "an alias is family@version with a family of al2, al2023, bottlerocket, windows2019, \
             windows2022 or windows2025",
            "self.matches('^(al2|al2023|bottlerocket|windows2019|windows2022|windows2025)@.+$')",
        ),
        (
            "of Windows there is latest only",
            "!self.startsWith('windows') || self.endsWith('@latest')",
        ),
    ]);
    let term = Schema::object()
        .field("alias", "family@version, such as al2023@latest.", alias)
        .field("id", "By id.", id("ami-[0-9a-z]+"))
        .field("name", "By name; * is any text.", Schema::string())
        .field("owner", "By owner: an account, self or amazon.", Schema::string())
        .field("ssmParameter", "By what an SSM parameter holds.", Schema::string())
        .field("tags", "By tags; * is any value.", tags());
    Schema::list(term).items(1, Some(30)).rules(&[
        (
            "a term needs tags, id, name, alias or ssmParameter",
            "self.all(t, has(t.tags) || has(t.id) || has(t.name) || has(t.alias) || \
             has(t.ssmParameter))",
        ),
        (
            "id goes without alias, tags, name and owner",
            "!self.exists(t, has(t.id) && (has(t.alias) || has(t.tags) || has(t.name) || \
             has(t.owner)))",
        ),
        (
            "alias goes without id, tags, name and owner",
            "!self.exists(t, has(t.alias) && (has(t.id) || has(t.tags) || has(t.name) || \
             has(t.owner)))",
        ),
        (
            "a term with an alias must be the only one",
            "!self.exists(t, has(t.alias)) || self.size() == 1",
        ),
    ])
}

/// `status.amis`.
pub(super) fn found_images() -> Schema {
    let requirement = Schema::object()
        .required("key", "The label.", Schema::string())
        .required("operator", "How it is compared.", Schema::string())
        .field("values", "What it is compared with.", Schema::list(Schema::string()));
    Schema::list(
        Schema::object()
            .field("deprecated", "Whether its owner has deprecated it.", Schema::boolean())
            .required("id", "Its id.", Schema::string())
            .field("name", "Its name.", Schema::string())
            .required("requirements", "What a machine must be for it.", Schema::list(requirement)),
    )
}

/// `status.capacityReservations`.
pub(super) fn found_reservations() -> Schema {
    Schema::list(
        Schema::object()
            .required("availabilityZone", "Its zone by name.", Schema::string())
            .field("endTime", "When it ends; absent: when it is given up.", Schema::time())
            .required("id", "Its id.", Schema::string())
            .required(
                "instanceMatchCriteria",
                "What may use it.",
                Schema::one_of(&["open", "targeted"]),
            )
            .required("instanceType", "What it is of.", Schema::string())
            .field("interruptible", "Whether its owner may take it back.", Schema::boolean())
            .required("ownerID", "The owner's account.", Schema::string())
            .required(
                "reservationType",
                "Its kind.",
                Schema::one_of(&["default", "capacity-block"]),
            )
            .required(
                "state",
                "expiring from 40 minutes before its end.",
                Schema::one_of(&["active", "expiring"]),
            ),
    )
}

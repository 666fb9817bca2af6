//! The tables of HSDS: their names in its dialects, and which row belongs to which.

pub(crate) mod folder;
mod folder_join;
pub(crate) mod folder_write;
pub(crate) mod from_tree;
pub(crate) mod node;
pub(crate) mod to_tree;

/// Tables whose rows others belong to, with the name of the foreign key, outermost first. A row belongs to the
/// innermost that it names. Rows of all other tables are leaves.
pub(crate) const PARENTS: [(&str, &str); 6] = [
    ("organizations", "organization_id"),
    ("locations", "location_id"),
    ("services", "service_id"),
    ("service_at_locations", "service_at_location_id"),
    ("contacts", "contact_id"),
    ("phones", "phone_id"),
];

/// Tables that name their parent by table and id, with the two columns.
pub(crate) const LINKED: [(&str, &str, &str); 2] =
    [("attributes", "link_entity", "link_id"), ("metadata", "resource_type", "resource_id")];

/// Vocabulary that a row points at: the property in JSON, the foreign key and the table in CSV.
pub(crate) const REFERENCES: [(&str, &str, &str); 3] = [
    ("taxonomy_term", "taxonomy_term_id", "taxonomy_terms"),
    ("taxonomy_detail", "taxonomy_id", "taxonomies"),
    ("unit", "unit_id", "units"),
];

/// Columns that are numbers in HSDS JSON.
pub(crate) const NUMBERS: [&str; 12] = [
    "extension",
    "latitude",
    "longitude",
    "minimum_age",
    "maximum_age",
    "count",
    "interval",
    "timezone",
    "amount",
    "available",
    "maximum",
    "priority",
];

/// A table's name as HSDS JSON writes it, and the kind of address where the name tells it. HSDS 3 names its
/// files in the singular or the plural, HSDS 1 and 2 (Ohana) differ in a few.
pub(crate) fn table_of(file_stem: &str) -> (String, Option<&'static str>) {
    let stem = file_stem.to_ascii_lowercase();
    let name = match stem.as_str() {
        "address" => "addresses",
        "physical_address" | "physical_addresses" => return ("addresses".to_owned(), Some("physical")),
        "mail_address" | "mail_addresses" | "postal_address" | "postal_addresses" => {
            return ("addresses".to_owned(), Some("postal"));
        }
        "services_at_location" | "services_at_locations" | "service_at_location" => "service_at_locations",
        "taxonomy" => "taxonomies",
        "accessibility_for_disabilities" => "accessibility",
        "service_capacity" => "service_capacities",
        "organization"
        | "location"
        | "service"
        | "phone"
        | "contact"
        | "program"
        | "schedule"
        | "language"
        | "attribute"
        | "service_area"
        | "required_document"
        | "cost_option"
        | "taxonomy_term"
        | "unit"
        | "url"
        | "organization_identifier"
        | "regular_schedule"
        | "holiday_schedule" => return (format!("{stem}s"), None),
        other => other,
    };
    (name.to_owned(), None)
}

/// How far in a table stands: a row belongs only to rows further out, so that no chain of rows is endless.
pub(crate) fn depth(table: &str) -> usize {
    PARENTS.iter().position(|(name, _)| *name == table).unwrap_or(PARENTS.len())
}

/// The foreign key that names a row of the table; `None` for leaves.
pub(crate) fn foreign_key(table: &str) -> Option<&'static str> {
    PARENTS.iter().find(|(name, _)| *name == table).map(|(_, key)| *key)
}

/// The name of one row of the table, as `link_entity` has it.
pub(crate) fn entity_name(table: &str) -> Option<&'static str> {
    foreign_key(table).and_then(|key| key.strip_suffix("_id"))
}

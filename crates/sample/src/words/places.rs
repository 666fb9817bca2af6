//! Words of places.

/// A state with the first three digits of its postal codes (from, to), its middle, and some area codes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) postcodes: (u64, u64),
    pub(crate) middle: (f64, f64),
    pub(crate) area_codes: &'static [u64],
}

macro_rules! state {
    ($code:literal, $name:literal, $from:literal..$to:literal, $north:literal, $west:literal, [$($area:literal),+]) => {
        State {
            code: $code,
            name: $name,
            postcodes: ($from, $to),
            middle: ($north, -$west),
            area_codes: &[$($area),+],
        }
    };
}

pub(crate) const STATES: [State; 36] = [
    state!("AL", "Alabama", 350..369, 32.8, 86.8, [205, 251, 256, 334]),
    state!("AZ", "Arizona", 850..865, 33.9, 111.6, [480, 520, 602, 623, 928]),
    state!("AR", "Arkansas", 716..729, 34.9, 92.4, [479, 501, 870]),
    state!("CA", "California", 900..961, 36.9, 119.6, [209, 310, 408, 510, 530, 559, 619, 707, 714, 805, 916, 951]),
    state!("CO", "Colorado", 800..816, 39.0, 105.2, [303, 719, 720, 970]),
    state!("CT", "Connecticut", 60..69, 41.6, 72.7, [203, 475, 860]),
    state!("FL", "Florida", 320..349, 28.4, 81.9, [239, 305, 352, 386, 407, 561, 727, 813, 850, 904, 941]),
    state!("GA", "Georgia", 300..319, 32.7, 83.5, [229, 404, 478, 678, 706, 770, 912]),
    state!("ID", "Idaho", 832..838, 43.9, 114.8, [208, 986]),
    state!("IL", "Illinois", 600..629, 40.1, 89.2, [217, 309, 312, 618, 630, 708, 773, 815, 847]),
    state!("IN", "Indiana", 460..479, 39.9, 86.3, [219, 260, 317, 574, 765, 812]),
    state!("IA", "Iowa", 500..528, 42.0, 93.5, [319, 515, 563, 641, 712]),
    state!("KS", "Kansas", 660..679, 38.5, 98.0, [316, 620, 785, 913]),
    state!("KY", "Kentucky", 400..427, 37.5, 85.3, [270, 502, 606, 859]),
    state!("LA", "Louisiana", 700..714, 31.1, 92.2, [225, 318, 337, 504, 985]),
    state!("ME", "Maine", 39..49, 44.6, 69.5, [207]),
    state!("MD", "Maryland", 206..219, 39.1, 76.8, [240, 301, 410, 443]),
    state!("MA", "Massachusetts", 10..27, 42.3, 71.9, [413, 508, 617, 781, 978]),
    state!("MI", "Michigan", 480..499, 43.3, 84.6, [231, 248, 269, 313, 517, 586, 616, 734, 810, 906, 989]),
    state!("MN", "Minnesota", 550..567, 45.7, 94.5, [218, 320, 507, 612, 651, 763, 952]),
    state!("MS", "Mississippi", 386..397, 32.8, 89.6, [228, 601, 662]),
    state!("MO", "Missouri", 630..658, 38.4, 92.5, [314, 417, 573, 636, 660, 816]),
    state!("NE", "Nebraska", 680..693, 41.3, 98.5, [308, 402, 531]),
    state!("NJ", "New Jersey", 70..89, 40.2, 74.6, [201, 609, 732, 856, 908, 973]),
    state!("NM", "New Mexico", 870..884, 34.5, 106.1, [505, 575]),
    state!("NY", "New York", 100..149, 42.7, 75.5, [212, 315, 516, 518, 585, 607, 631, 716, 718, 845, 914]),
    state!("NC", "North Carolina", 270..289, 35.6, 79.5, [252, 336, 704, 828, 910, 919, 980]),
    state!("OH", "Ohio", 430..458, 40.3, 82.7, [216, 330, 419, 440, 513, 614, 740, 937]),
    state!("OK", "Oklahoma", 730..749, 35.5, 97.2, [405, 580, 918]),
    state!("OR", "Oregon", 970..979, 44.2, 121.5, [458, 503, 541, 971]),
    state!("PA", "Pennsylvania", 150..196, 40.8, 77.6, [215, 267, 412, 570, 610, 717, 724, 814]),
    state!("TN", "Tennessee", 370..385, 35.8, 86.4, [423, 615, 731, 865, 901, 931]),
    state!("TX", "Texas", 750..799, 31.4, 98.5, [210, 214, 254, 281, 325, 361, 409, 432, 512, 713, 806, 817, 903, 915]),
    state!("VA", "Virginia", 220..246, 37.6, 78.4, [276, 434, 540, 571, 703, 757, 804]),
    state!("WA", "Washington", 980..994, 47.3, 120.9, [206, 253, 360, 425, 509]),
    state!("WI", "Wisconsin", 530..549, 44.3, 89.6, [262, 414, 608, 715, 920]),
];

pub(crate) const CITY_FIRST: [&str; 72] = [
    "Alder", "Amber", "Ash", "Barrow", "Bay", "Bell", "Birch", "Black", "Blue", "Bridge", "Broad", "Brook", "Buck",
    "Cedar", "Chester", "Clay", "Clear", "Clif", "Cold", "Copper", "Crest", "Crystal", "Deer", "Eagle", "East",
    "Edge", "Elk", "Elm", "Fair", "Fox", "Frank", "Glen", "Gold", "Granite", "Green", "Hamp", "Hart", "Haw",
    "High", "Holly", "Iron", "Jasper", "Kings", "Lake", "Laurel", "Long", "Maple", "Marsh", "Mead", "Mill", "Nor",
    "Oak", "Pine", "Plain", "Port", "Quarry", "Red", "River", "Rock", "Rose", "Salt", "Sand", "Silver", "Spring",
    "Stone", "Sugar", "Sutter", "Thorn", "Walnut", "Water", "West", "White",
];
pub(crate) const CITY_LAST: [&str; 40] = [
    "ville", "ton", "field", "wood", "dale", "view", "port", "land", "ford", "burg", "haven", "mont", "side", "brook",
    "ridge", "creek", "ham", "boro", "bury", "crest", "shire", "gate", "hurst", "lawn", "mere", "mill", "point",
    "stead", "stone", "town", "vale", "water", "way", "well", "wick", "worth", " City", " Falls", " Springs",
    " Heights",
];
pub(crate) const STREETS: [&str; 120] = [
    "Main", "Oak", "Maple", "Washington", "Park", "Elm", "Lake", "Hill", "Pine", "Cedar", "Church", "Center",
    "Walnut", "Spring", "River", "Mill", "Market", "Union", "High", "Chestnut", "Jefferson", "Jackson", "Lincoln",
    "Franklin", "Madison", "Adams", "School", "Prospect", "Grant", "Broad", "Water", "Pleasant", "State", "College",
    "Cherry", "Dogwood", "Locust", "Front", "Bridge", "Court", "Academy", "Ridge", "Meadow", "Forest", "Valley",
    "Sunset", "Highland", "Railroad", "Liberty", "Monroe", "Harrison", "Cleveland", "Division", "Garfield",
    "Kennedy", "King", "Clark", "Douglas", "Delaware", "Virginia", "Ohio", "Michigan", "Illinois", "Texas", "Poplar",
    "Sycamore", "Willow", "Hickory", "Magnolia", "Laurel", "Birch", "Spruce", "Aspen", "Juniper", "Commerce",
    "Industrial", "Enterprise", "University", "Hospital", "Airport", "Canal", "Harbor", "Bay", "Shore", "Orchard",
    "Vine", "Rose", "Colonial", "Heritage", "Independence", "Constitution", "Veterans", "Memorial", "Fairview",
    "Grove", "Lakeview", "Summit", "Quarry", "Depot", "Foundry", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th",
    "9th", "10th", "11th", "12th", "14th", "15th", "18th", "21st", "25th", "32nd", "43rd", "51st", "Martin Luther King Jr",
];
/// Kind of street, long and short.
pub(crate) const STREET_KINDS: [(&str, &str); 12] = [
    ("Street", "St"), ("Avenue", "Ave"), ("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Drive", "Dr"),
    ("Boulevard", "Blvd"), ("Lane", "Ln"), ("Court", "Ct"), ("Highway", "Hwy"), ("Parkway", "Pkwy"), ("Place", "Pl"),
];
/// Direction, long and short.
pub(crate) const DIRECTIONS: [(&str, &str); 4] = [("North", "N"), ("South", "S"), ("East", "E"), ("West", "W")];
/// Unit, long and short.
pub(crate) const UNITS: [(&str, &str); 5] =
    [("Suite", "Ste"), ("Unit", "Unit"), ("Room", "Rm"), ("Floor", "Fl"), ("Building", "Bldg")];

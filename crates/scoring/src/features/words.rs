//! The words of organization names: which say little, which say what kind it is, which are abbreviated.

use super::Text;
use super::lexicon::{Facts, facts};
use std::borrow::Cow;

/// How much a word says about which organization is meant.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum WordClass {
    /// Says nothing of which one: `services`, `community`.
    #[default]
    Generic,
    /// Says what kind it is: `church`, `preschool`; never which one.
    Kind,
    /// The name of the organization's own town.
    Place,
    /// A name that very many organizations have: `hope`, `st mary`, `washington`.
    Common,
    /// Everything else.
    Distinctive,
}

/// What the vocabulary knows of a word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// The spelling that stands for all of them.
    pub(crate) canonical: &'static str,
    /// How much it says.
    pub(crate) class: WordClass,
    /// For kinds: which one.
    pub(crate) kind: Option<u8>,
}

/// The number that an ordinal, a Roman numeral or digits in a name stand for.
pub(super) fn name_number(word: &str) -> Option<Text<'static>> {
    number_of(word, facts(word))
}

/// The same of a word that was looked up.
pub(super) fn number_of(word: &str, facts: &Facts) -> Option<Text<'static>> {
    if let Some(digits) = facts.number {
        return Some(Cow::Borrowed(digits));
    }
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let digits = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let suffix = &word[digits.len()..];
    let number = !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
        && matches!(suffix, "" | "st" | "nd" | "rd" | "th");
    number.then(|| {
        let trimmed = digits.trim_start_matches('0');
        Cow::Owned(if trimmed.is_empty() { "0" } else { trimmed }.to_owned())
    })
}

/// Words that tie others together and are left out of names.
pub(super) const STOP_WORDS: &[&str] = &[
    "a", "al", "an", "and", "at", "aux", "by", "d", "da", "das", "de", "dei", "del", "della", "dem", "den",
    "der", "des", "di", "die", "do", "dos", "du", "e", "el", "et", "for", "fur", "i", "im", "in", "la",
    "las", "le", "les", "los", "no", "of", "og", "och", "on", "or", "os", "the", "to", "u", "und", "van",
    "von", "with", "y", "zu", "zum", "zur",
];

/// Everyday and registry abbreviations of legal forms in several countries, folded.
pub(super) const LEGAL_FORMS: &[&str] = &[
    "ab",
    "ag",
    "aps",
    "as",
    "asbl",
    "asa",
    "bhd",
    "bv",
    "bvba",
    "co",
    "company",
    "corp",
    "corporation",
    "cv",
    "doo",
    "eirl",
    "ev",
    "gbr",
    "ggmbh",
    "gmbh",
    "gesellschaft",
    "hf",
    "inc",
    "incorporated",
    "jsc",
    "kft",
    "kg",
    "kk",
    "limited",
    "llc",
    "llp",
    "lllp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "nonprofit",
    "npo",
    "ohg",
    "ooo",
    "oy",
    "oyj",
    "pc",
    "plc",
    "pllc",
    "pte",
    "pty",
    "pvt",
    "sa",
    "sab",
    "sapi",
    "sarl",
    "sas",
    "sasu",
    "sca",
    "scarl",
    "sci",
    "sdn",
    "sl",
    "slu",
    "snc",
    "spa",
    "spzoo",
    "sro",
    "srl",
    "srls",
    "stiftung",
    "tic",
    "ug",
    "vof",
    "vzw",
    "zao",
    "zrt",
];

pub(super) const NUMBER_WORDS: &[(&str, &str)] = &[
    ("first", "1"),
    ("second", "2"),
    ("third", "3"),
    ("fourth", "4"),
    ("fifth", "5"),
    ("sixth", "6"),
    ("seventh", "7"),
    ("eighth", "8"),
    ("ninth", "9"),
    ("tenth", "10"),
    ("ii", "2"),
    ("iii", "3"),
    ("iv", "4"),
    ("vi", "6"),
    ("vii", "7"),
    ("viii", "8"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("primera", "1"),
    ("primero", "1"),
];

/// Titles of practitioners.
pub(super) const TITLES: &[&str] = &[
    "md", "do", "dds", "dmd", "dpm", "od", "dc", "dvm", "phd", "psyd", "np", "rn", "lcsw", "lmft", "lpc",
    "crnp", "dr", "dra", "drs", "esq", "cpa", "agent", "realtor", "mudr",
];

/// Kinds of organization; words on one line are one kind, the first stands for all.
pub(super) const KINDS: &[&str] = &[
    "church ch chapel parish cathedral basilica tabernacle fellowship congregation iglesia igreja eglise kirche temple synagogue mosque masjid worship ministry ministries",
    "school sch elementary elem middle high academy charter magnet escuela escola schule ecole colegio liceo gymnasium",
    "preschool prek prekindergarten kindergarten kindergarden nursery daycare childcare kita creche montessori headstart",
    "college university univ universidad universidade universitat universite institute",
    "pantry foodbank",
    "clinic hospital hosp infirmary medical med krankenhaus klinik clinica",
    "dental dentist dentistry orthodontic zahnarzt",
    "pharmacy apotheke farmacia pharmacie drugstore chemist eczane",
    "library bibliothek biblioteca bibliotheque",
    "shelter refuge",
    "thrift",
    "restaurant cafe bistro grill bar pizzeria ristorante diner pub cantina restaurante coffee",
    "hotel motel inn hostel resort guesthouse pension",
    "atm kiosk",
    "bank credit sparkasse banco banque",
    "apartment apartments residences condominium",
    "dialysis kidney",
    "counseling counselling therapy rehabilitation recovery",
    "museum gallery galerie galeria",
    "museo theater theatre cinema kino",
    "park playground",
    "salon barber spa kuafor",
    "garage automotive taller autohaus",
    "supermarket grocery supermercado market",
];

/// Words that say little, most of them in several languages.
pub(super) const GENERIC: &str = "action activity administration adult advisory affair after agency agencia aid all alliance \
    america american area art asociacion assembly assistance associate association associacao associacion at aus \
    authority beauty behavioral best big board boy branch building bureau business campus care casa center central \
    child children citizen city civic club co collective comercial commission committee community complex congregate \
    consulting cooperative corps council county creative cultural culture day department deutschland development \
    developmental direct disability district division early east education educational elder employment engineering \
    enterprise environmental estate europe european express extension facility family federal federation finance \
    financial fire first food foundation free friend fund fundacion general girl global good government great greater \
    group grupo health healthcare help home homeless house housing human humane immobilien independent industrial \
    industry info initiative insurance integrated interior international job joint jr junior juvenile kid kindheit \
    law league learning legal life limited little living local lodge loja main management member memorial men mental \
    metro metropolitan mission mobile mother municipal national neighborhood network new north northeast northern \
    northwest office official old online order organization our outreach park parent partner partnership people physical \
    plaza point post practice primary private pro professional program project property public rehab region regional \
    relief religious rescue residential resource retail rural safety sale satellite self senior service shop shopping \
    site social society solution south southeast southern southwest special sport sports state station store street \
    student studio supply support system team tech technical technology tienda town township trade training \
    transportation treatment trust union unit united urban usa van village volunteer welfare wellness west western \
    woman women work world youth zentrum centro centre verein club clube salud servicio servicios";

/// Names that very many organizations have.
pub(super) const COMMON: &str = "saint mary joseph john paul peter james michael anthony francis patrick thomas mark luke \
    matthew andrew catherine elizabeth anne holy cross sacred heart lady grace calvary trinity zion bethel bethany \
    emmanuel faith hope shepherd cornerstone victory mount olive redeemer resurrection shiloh macedonia antioch \
    lighthouse friendship washington lincoln jefferson madison franklin jackson roosevelt kennedy king smith johnson \
    williams brown jones garcia miller davis baptist methodist lutheran presbyterian episcopal catholic christian \
    pentecostal missionary evangelical bible covenant apostolic adventist salvation army legion goodwill ymca ywca \
    oak lake river hill valley green spring sunrise bright star light harbor haven gateway liberty freedom journey \
    chicago york paris london berlin los angeles san francisco houston dallas boston atlanta miami denver seattle texas \
    california florida ohio michigan illinois virginia georgia carolina robert richard charles william george david \
    daniel edward henry joe sam tony mike steve jim bob tom ben max anna maria jose juan carlos luis antonio francisco \
    manuel pedro ali mohamed ahmed wilson anderson taylor moore martin lee perez thompson white harris clark lewis \
    robinson walker young allen wright scott hill adam nelson baker hall campbell mitchell carter robert evan turner \
    parker collin edward stewart morris murphy cook roger morgan cooper peterson bailey reed kelly howard cox ward \
    richardson watson brook wood bennett gray hughe price myer long ross foster martinez rodriguez hernandez lopez \
    gonzalez sanchez ramirez torre rivera gomez diaz reye cruz morale ortiz gutierrez silva santo souza costa muller \
    schmidt schneider fischer weber meyer wagner becker hoffmann rossi ferrari russo bianchi golden royal imperial \
    crystal diamond silver gold sun moon sky blue red black garden house palace park view lakeside riverside hillside \
    mountain ocean beach island bay forest meadow maple pine cedar elm willow rose lily sunset sunshine rainbow phoenix \
    eagle lion tiger dragon horizon summit pioneer heritage legacy unity promise serenity harmony oasis crossroads \
    alpha omega delta apex elite prime classic modern perfect quality star superior universal premier";

/// How people shorten them.
pub(super) const ABBREVIATIONS: &[(&str, &str)] = &[
    ("st", "saint"),
    ("ste", "saint"),
    ("sta", "saint"),
    ("sankt", "saint"),
    ("santa", "saint"),
    ("santo", "saint"),
    ("mt", "mount"),
    ("ctr", "center"),
    ("cntr", "center"),
    ("cent", "center"),
    ("centre", "center"),
    ("comm", "community"),
    ("cmty", "community"),
    ("svc", "service"),
    ("svcs", "service"),
    ("serv", "service"),
    ("assn", "association"),
    ("assoc", "association"),
    ("asso", "association"),
    ("univ", "university"),
    ("dept", "department"),
    ("hlth", "health"),
    ("ch", "church"),
    ("utd", "united"),
    ("sch", "school"),
    ("elem", "elementary"),
    ("miss", "missionary"),
    ("meth", "methodist"),
    ("mem", "memorial"),
    ("meml", "memorial"),
    ("med", "medical"),
    ("hosp", "hospital"),
    ("fdn", "foundation"),
    ("fndn", "foundation"),
    ("min", "ministry"),
    ("mins", "ministry"),
    ("ministrie", "ministry"),
    ("intl", "international"),
    ("natl", "national"),
    ("govt", "government"),
    ("co", "county"),
    ("cty", "county"),
    ("dev", "development"),
    ("chldrn", "children"),
    ("childrens", "children"),
    ("ed", "education"),
    ("educ", "education"),
    ("mgmt", "management"),
    ("bldg", "building"),
    ("apt", "apartment"),
    ("rehab", "rehabilitation"),
    ("ft", "fort"),
    ("nbhd", "neighborhood"),
    ("womens", "women"),
    ("mens", "men"),
    ("bros", "brothers"),
    ("libr", "library"),
    ("lib", "library"),
    ("pub", "public"),
    ("rec", "recreation"),
    ("tx", "treatment"),
];

//! Words of names.

pub(crate) const SURNAMES: [&str; 96] = [
    "Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez", "Martinez",
    "Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore", "Jackson", "Martin", "Lee",
    "Perez", "Thompson", "White", "Harris", "Sanchez", "Clark", "Ramirez", "Lewis", "Robinson", "Walker", "Young",
    "Allen", "King", "Wright", "Scott", "Torres", "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson", "Baker",
    "Hall", "Rivera", "Campbell", "Mitchell", "Carter", "Roberts", "Gomez", "Phillips", "Evans", "Turner", "Diaz",
    "Parker", "Cruz", "Edwards", "Collins", "Reyes", "Stewart", "Morris", "Morales", "Murphy", "Cook", "Rogers",
    "Ortiz", "Morgan", "Cooper", "Peterson", "Bailey", "Reed", "Kelly", "Howard", "Ramos", "Kim", "Cox", "Ward",
    "Watson", "Brooks", "Chavez", "Wood", "Bennett", "Gray", "Mendoza", "Ruiz", "Hughes", "Price", "Alvarez",
    "Castillo", "Patel", "Myers", "Long", "Ross", "Foster", "Okafor",
];

pub(crate) const FIRST_NAMES: [&str; 40] = [
    "Ada", "Alma", "Anna", "Beatriz", "Bernard", "Calvin", "Carmen", "Charles", "Clara", "Daniel", "Dolores", "Edith",
    "Edward", "Eleanor", "Esther", "Frances", "Frederick", "George", "Grace", "Harriet", "Henry", "Ida", "Isaac",
    "James", "Jane", "Joseph", "Julia", "Lena", "Louise", "Lydia", "Mabel", "Margaret", "Nathan", "Oscar", "Rosa",
    "Ruth", "Samuel", "Sojourner", "Walter", "William",
];

pub(crate) const SAINTS: [&str; 36] = [
    "Agnes", "Alban", "Ambrose", "Andrew", "Anne", "Anthony", "Augustine", "Barnabas", "Benedict", "Bernadette",
    "Brendan", "Brigid", "Catherine", "Cecilia", "Clare", "Columba", "Cyprian", "Dominic", "Elizabeth", "Francis",
    "Gregory", "Ignatius", "James", "Jerome", "John", "Joseph", "Jude", "Luke", "Mark", "Martin", "Mary", "Matthew",
    "Monica", "Patrick", "Paul", "Vincent",
];

pub(crate) const CONGREGATIONS: [&str; 44] = [
    "First", "Second", "Third", "Grace", "Calvary", "Trinity", "Zion", "Bethel", "Bethany", "Emmanuel", "Faith",
    "Hope", "New Life", "Living Water", "Good Shepherd", "Cornerstone", "Victory", "New Beginnings", "Mount Zion",
    "Mount Olive", "Mount Calvary", "Holy Cross", "Redeemer", "Resurrection", "Shiloh", "Antioch", "Ebenezer",
    "Harvest", "Open Door", "Abundant Life", "True Vine", "Pleasant Grove", "Friendship", "Union", "Gethsemane",
    "Salem", "Canaan", "Galilee", "Beulah", "Berea", "Smyrna", "Corinth", "Rock of Ages", "Morning Star",
];

pub(crate) const DENOMINATIONS: [&str; 22] = [
    "Baptist", "Missionary Baptist", "Free Will Baptist", "Methodist", "United Methodist", "Lutheran", "Presbyterian",
    "Episcopal", "Pentecostal", "Church of the Nazarene", "Assembly of God", "AME", "CME", "Seventh-day Adventist",
    "Christian", "Community", "Bible", "Reformed", "Covenant", "Congregational", "Apostolic", "Mennonite",
];

pub(crate) const VIRTUES: [&str; 48] = [
    "Anchor", "Beacon", "Bridges", "Brighter Days", "Caring Hands", "Clear Path", "Common Ground", "Compass",
    "Cornerstone", "Courage", "Crossroads", "Dignity", "Evergreen", "Family Tree", "First Light", "Fresh Start",
    "Gateway", "Golden Thread", "Good Neighbor", "Harbor", "Haven", "Helping Hands", "Higher Ground", "Homeward",
    "Horizon", "Journey", "Keystone", "Lantern", "Lifeline", "New Dawn", "New Leaf", "Oasis", "Open Arms",
    "Open Table", "Pathways", "Phoenix", "Promise", "Renewal", "Rising Tide", "Safe Passage", "Second Chance",
    "Shelter Rock", "Stepping Stones", "Summit", "Sunrise", "Turning Point", "Unity", "Welcome Mat",
];

/// Bodies with branches everywhere; all invented.
pub(crate) const CHAIN_TAILS: [&str; 18] = [
    "Relief Army", "Thrift Stores", "Learning Centers", "Dialysis", "Urgent Care", "Family Dental", "Youth Clubs",
    "Recovery Homes", "Early Learning", "Senior Living", "Community Health", "Credit Counseling", "Blood Services",
    "Hospice", "Rehabilitation", "Home Builders", "Job Centers", "Physical Therapy",
];

/// Lodges and posts, told apart by a number.
pub(crate) const POSTS: [&str; 8] = [
    "Veterans Post", "Legion Post", "Lodge", "Grange No.", "Fire Company No.", "Scout Troop", "Council",
    "Fraternal Order Aerie",
];

pub(crate) const LEGAL_FORMS: [&str; 7] =
    ["Inc", "Inc.", ", Inc.", "Incorporated", "LLC", "Corporation", "Foundation Inc"];

/// Long and short form of words in names.
pub(crate) const ABBREVIATIONS: [(&str, &str); 38] = [
    ("Saint", "St."), ("St.", "St"), ("Center", "Ctr"), ("Community", "Comm"), ("and", "&"), ("First", "1st"),
    ("Second", "2nd"), ("Third", "3rd"), ("Elementary", "Elem"), ("School", "Sch"), ("Services", "Svcs"),
    ("Association", "Assn"), ("University", "Univ"), ("Mount", "Mt"), ("County", "Co"), ("Department", "Dept"),
    ("Health", "Hlth"), ("United", "Utd"), ("Methodist", "Meth."), ("Memorial", "Mem"), ("Medical", "Med"),
    ("Hospital", "Hosp"), ("Foundation", "Fdn"), ("Ministries", "Min."), ("Organization", "Org"), ("Public", "Pub"),
    ("Society", "Soc"), ("Presbyterian", "Presb."), ("Missionary", "Miss."), ("Baptist", "Bapt."),
    ("Development", "Dev"), ("National", "Natl"), ("Regional", "Reg'l"), ("Families", "Fam."), ("Children's", "Childrens"),
    ("Authority", "Auth"), ("North", "N."), ("South", "S."),
];

//! What each kind of organization offers.

/// Name and description of a service.
pub(crate) type Offer = (&'static str, &'static str);

pub(crate) const CHURCH: [Offer; 7] = [
    ("Worship", "Weekly services open to all."),
    ("Food Pantry", "Groceries for households in need, once a month."),
    ("Youth Group", "Evening programs for grades 6 to 12."),
    ("Clothing Closet", "Free clothing by appointment."),
    ("Grief Support", "A weekly circle for those who mourn."),
    ("Community Meal", "A hot meal, no questions asked."),
    ("After School Program", "Homework help and snacks."),
];
pub(crate) const CARE: [Offer; 10] = [
    ("Emergency Shelter", "Beds for the night for adults and families."),
    ("Case Management", "Help to find housing, income and care."),
    ("Rental Assistance", "One-time help with rent and deposits."),
    ("Utility Assistance", "Help with gas, water and electric bills."),
    ("Job Training", "Workshops, resumes and placement."),
    ("Senior Services", "Meals, rides and visits for older adults."),
    ("Food Pantry", "Groceries for households in need."),
    ("Transportation", "Rides to medical appointments."),
    ("Home Repair", "Small repairs for owners of low income."),
    ("Information and Referral", "Someone who knows where to turn."),
];
pub(crate) const FOOD: [Offer; 6] = [
    ("Food Pantry", "Groceries for households in need."),
    ("Mobile Pantry", "Fresh food brought to neighborhoods."),
    ("Home Delivered Meals", "Hot meals for homebound adults."),
    ("SNAP Application Help", "Help to apply for food benefits."),
    ("Summer Meals", "Free lunches for children."),
    ("Community Garden", "Plots, tools and classes."),
];
pub(crate) const SCHOOL: [Offer; 7] = [
    ("Elementary Education", "Kindergarten to grade 5."),
    ("Special Education", "Individual plans and therapies."),
    ("Preschool", "Half and full days from age 3."),
    ("After School Care", "Until 6 pm on school days."),
    ("Summer Camp", "Ten weeks of day camp."),
    ("Tutoring", "Reading and mathematics."),
    ("School Meals", "Breakfast and lunch."),
];
pub(crate) const CLINIC: [Offer; 8] = [
    ("Primary Care", "Visits for adults and children."),
    ("Dental Care", "Cleanings, fillings and extractions."),
    ("Behavioral Health", "Counseling and medication management."),
    ("Immunizations", "For children and travelers."),
    ("Prenatal Care", "From first visit to delivery."),
    ("Pharmacy", "Prescriptions at reduced cost."),
    ("Laboratory", "Blood work on site."),
    ("Telehealth", "Visits by video."),
];
pub(crate) const RECOVERY: [Offer; 6] = [
    ("Outpatient Treatment", "Group and individual counseling."),
    ("Sober Living", "A shared home in early recovery."),
    ("Detoxification", "Medically supervised withdrawal."),
    ("Peer Support", "Someone who has been there."),
    ("Medication Assisted Treatment", "Buprenorphine and naltrexone."),
    ("Family Counseling", "For those who live with addiction."),
];
pub(crate) const LEGAL: [Offer; 5] = [
    ("Eviction Defense", "Lawyers for tenants in court."),
    ("Immigration Legal Help", "Applications, renewals and hearings."),
    ("Family Law", "Custody, support and protection orders."),
    ("Benefits Appeals", "Hearings on denied benefits."),
    ("Legal Hotline", "Advice by telephone."),
];
pub(crate) const LIBRARY: [Offer; 6] = [
    ("Lending", "Books, films and music."),
    ("Public Computers", "Internet and printing."),
    ("Story Time", "For children up to age 5."),
    ("English Classes", "Conversation and citizenship."),
    ("Tax Help", "Volunteers prepare returns in spring."),
    ("Meeting Rooms", "Free for groups."),
];
pub(crate) const POST: [Offer; 4] = [
    ("Veterans Assistance", "Help with claims and benefits."),
    ("Hall Rental", "For up to 200 guests."),
    ("Scholarships", "For graduating seniors."),
    ("Fish Fry", "Fridays in Lent."),
];
pub(crate) const YOUTH: [Offer; 5] = [
    ("Mentoring", "One adult, one child, one year."),
    ("Sports", "Leagues for ages 5 to 17."),
    ("After School Program", "Homework help and snacks."),
    ("Leadership Training", "For high school students."),
    ("Summer Jobs", "Paid first jobs for ages 14 to 18."),
];

"""Splink on DuckDB over orgs.csv, unsupervised: the peer of `orgloop dedupe`.

    python splink_batch.py ORGS.csv OUT_DIR

Writes OUT_DIR/clusters.csv at Splink's default of 0.5, and OUT_DIR/clusters_<n>.csv at higher thresholds, of which the
best may be chosen with the truth in hand. Prints one JSON line: time and memory up to clusters.csv, the rest not counted.

Splink is given what its users are told to give it: cleaned columns, term frequencies, the two rarest words of a name,
and only such blocking rules as stay within a budget of pairs, for with common names and shared telephones in them its
time goes to pairs that never match.
"""
import json
import logging
import resource
import sys
import time

START = time.perf_counter()

import duckdb
import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

logging.getLogger("splink").setLevel(logging.ERROR)
ORGS, OUT = sys.argv[1], sys.argv[2]
HIGHER = [0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999, 0.99999999, 0.999999999]
# A rule may bring so many pairs a record; more only took longer.
PAIRS_MAX = {"small": 60, "large": 5}
SMALL = 20_000

db = duckdb.connect(":memory:")
db.execute("SET preserve_insertion_order = false")

WORDS = [("saint", "st"), ("street", "st"), ("avenue", "ave"), ("road", "rd"), ("drive", "dr"), ("boulevard", "blvd"),
         ("lane", "ln"), ("court", "ct"), ("place", "pl"), ("highway", "hwy"), ("parkway", "pkwy"), ("suite", "ste"),
         ("north", "n"), ("south", "s"), ("east", "e"), ("west", "w"), ("mount", "mt"), ("center", "ctr"),
         ("centre", "ctr"), ("community", "comm"), ("association", "assn"), ("first", "1st"), ("second", "2nd"),
         ("elementary", "elem"), ("school", "sch"), ("university", "univ"), ("department", "dept")]


def cleaned(column, dropped=""):
    text = f"strip_accents(lower({column}))"
    text = f"regexp_replace(replace({text}, '''', ''), '[^a-z0-9]+', ' ', 'g')"
    for long, short in WORDS:
        text = f"regexp_replace({text}, '\\b{long}\\b', '{short}', 'g')"
    if dropped:
        text = f"regexp_replace({text}, '\\b({dropped})\\b', ' ', 'g')"
    return f"nullif(trim(regexp_replace({text}, ' +', ' ', 'g')), '')"


LEGAL = "inc|incorporated|llc|ltd|limited|co|corp|corporation|company|the|of|and"
MAIL = "'gmail.com','yahoo.com','hotmail.com','aol.com','outlook.com','icloud.com','comcast.net','msn.com','att.net'"
HOSTS = "'facebook.com','instagram.com','twitter.com','linkedin.com','yelp.com','google.com','business.site'"
db.execute(f"""
create table cleaned as
with typed as (select * from read_csv('{ORGS}', all_varchar = true, header = true)),
folded as (
  select id as unique_id, {cleaned('name', LEGAL)} as name, {cleaned('street')} as street, {cleaned('city')} as city,
         nullif(split_part(lower(replace(postcode, ' ', '')), '-', 1), '') as postcode,
         nullif(lower(trim(email)), '') as email,
         regexp_replace(split_part(coalesce(phone, ''), 'x', 1), '[^0-9]', '', 'g') as digits,
         regexp_replace(regexp_replace(lower(coalesce(website, '')), '^[a-z]+://', ''), '^www\\.', '') as site,
         try_cast(latitude as double) as lat, try_cast(longitude as double) as lon
  from typed)
select * exclude (digits, site), regexp_extract(street, '[0-9]+') as number,
       case when length(digits) >= 7 then right(digits, 10) end as phone,
       coalesce(nullif(case when split_part(site, '/', 1) in ({HOSTS}) then '' else split_part(site, '/', 1) end, ''),
                case when email like '%@%' and split_part(email, '@', 2) not in ({MAIL}) then split_part(email, '@', 2) end)
         as domain
from folded;
update cleaned set number = null where number = '';
create table word as
  select unique_id, unnest(list_distinct(string_split(name, ' '))) as word from cleaned where name is not null;
create table frequency as select word, count(*) / (select count(*) from word)::double as share from word group by word;
create table orgs as
select cleaned.*, shares, rare_1, rare_2 from cleaned left join (
  select unique_id, array_agg({{'word': word, 'share': share}} order by share, word) as shares,
         (array_agg(word order by share, word))[1] as rare_1, (array_agg(word order by share, word))[2] as rare_2
  from word join frequency using (word) group by unique_id) using (unique_id);
""")
count = db.execute("select count(*) from orgs").fetchone()[0]
once = 1 / db.execute("select count(*) from word").fetchone()[0]
budget = count * PAIRS_MAX["small" if count < SMALL else "large"]


def pairs_of(rule):
    there = " and ".join(f"({part}) is not null" for part in rule)
    sizes = f"select count(*) as n from orgs where {there} group by {', '.join(rule)}"
    return db.execute(f"select coalesce(sum(n * (n - 1) / 2), 0) from ({sizes})").fetchone()[0]


RULES = [
    ["phone"], ["email"], ["domain"], ["street"], ["name"], ["name", "city"], ["name", "postcode"], ["name", "number"],
    ["postcode", "number"], ["street", "city"], ["city", "number"], ["domain", "postcode"], ["domain", "city"],
    ["domain", "number"], ["rare_1", "city"], ["rare_1", "postcode"], ["rare_1", "number"], ["rare_1", "rare_2"],
    ["rare_2", "city"], ["rare_2", "postcode"], ["rare_1"], ["rare_2"], ["substr(name, 1, 8)"],
    ["substr(name, 1, 6)", "city"], ["substr(name, 1, 4)", "postcode"], ["right(phone, 7)"], ["substr(phone, 1, 8)"],
]
rules = [rule for rule in RULES if 0 < pairs_of(rule) <= (budget if len(rule) > 1 else budget / 2)]

SHARED = ("list_reduce(list_concat(list_transform(list_intersect(shares_l, shares_r), lambda x: x.share), "
          "[1.0::double]), lambda p, q: p * q)")


def level(condition, name):
    return levels.CustomLevel(condition, name)


def null(column):
    return level(f"{column}_l is null or {column}_r is null", "null").configure(is_null_level=True)


def exact(column):
    return levels.ExactMatchLevel(column, term_frequency_adjustments=True)


def compared(column, *between):
    return comparisons.CustomComparison(
        output_column_name=column,
        comparison_levels=[null(column), exact(column), *between, levels.ElseLevel()])


settings = SettingsCreator(
    link_type="dedupe_only",
    unique_id_column_name="unique_id",
    blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
    comparisons=[
        compared("name",
                 level("jaro_winkler_similarity(name_l, name_r) >= 0.95", "nearly"),
                 level(f"{SHARED} < {(4 * once) ** 3}", "three rare words"),
                 level(f"{SHARED} < {(8 * once) ** 2}", "two rare words"),
                 level("jaro_winkler_similarity(name_l, name_r) >= 0.88", "alike"),
                 level(f"{SHARED} < {20 * once}", "one rare word")),
        compared("street",
                 level("number_l = number_r and jaro_winkler_similarity(street_l, street_r) >= 0.9", "nearly"),
                 level("number_l = number_r", "the number"),
                 level("jaro_winkler_similarity(street_l, street_r) >= 0.9", "alike")),
        compared("postcode",
                 level("levenshtein(postcode_l, postcode_r) <= 1", "nearly"),
                 level("left(postcode_l, 3) = left(postcode_r, 3)", "one area")),
        compared("phone",
                 level("right(phone_l, 7) = right(phone_r, 7)", "local part"),
                 level("damerau_levenshtein(phone_l, phone_r) <= 1", "nearly"),
                 level("left(phone_l, 6) = left(phone_r, 6)", "one exchange")),
        compared("domain"),
        compared("email"),
        comparisons.DistanceInKMAtThresholds("lat", "lon", [0.15, 1, 10]),
    ],
    retain_matching_columns=False,
    retain_intermediate_calculation_columns=False,
)
api = DuckDBAPI(connection=db)
linker = Linker(api.register(db.table("orgs")), settings)
linker.training.estimate_probability_two_random_records_match(
    [block_on("name", "number"), block_on("phone", "rare_1"), block_on("name", "postcode")], recall=0.7)
linker.training.estimate_u_using_random_sampling(max_pairs=2e6)
for rule in [["street", "postcode"], ["street", "city"], ["name", "number"], ["email"], ["name", "postcode"],
             ["phone", "postcode"], ["phone", "number"]]:
    if 0 < pairs_of(rule) <= 5 * budget:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*rule), estimate_without_term_frequencies=True, max_pairs=5e6)
predicted = linker.inference.predict(threshold_match_probability=0.001)


def clusters(threshold, file):
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=threshold)
    db.execute(f"copy (select unique_id as id, cluster_id from {found.physical_name}) to '{OUT}/{file}' (header)")


clusters(0.5, "clusters.csv")
used = resource.getrusage(resource.RUSAGE_SELF)
pairs = db.execute(f"select count(*) from {predicted.physical_name}").fetchone()[0]
print(json.dumps({
    "wall_s": round(time.perf_counter() - START, 2), "cpu_s": round(used.ru_utime + used.ru_stime, 2),
    "peak_mb": used.ru_maxrss // 1024, "rules": len(rules), "pairs": pairs,
    "thresholds": [0.5, *HIGHER]}))
for at, threshold in enumerate(HIGHER, 1):
    clusters(threshold, f"clusters_{at}.csv")

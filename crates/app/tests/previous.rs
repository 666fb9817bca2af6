//! `dedupe --previous`: what became of clusters since the run before, told by the same rule as in the live loop.

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    /// Organizations that nothing but judgements joins.
    const NAMES: [&str; 7] = [
        "Alder Clinic",
        "Birch Library",
        "Cedar Shelter",
        "Dogwood School",
        "Elm Church",
        "Fir Kitchen",
        "Gorse Museum",
    ];

    fn run(
        folder: &Path,
        records: &[usize],
        together: &[(usize, usize)],
        previous: Option<&str>,
    ) -> Vec<String> {
        let write = |file: &str, head: &str, rows: Vec<String>| {
            std::fs::write(folder.join(file), format!("{head}\n{}\n", rows.join("\n"))).unwrap();
        };
        write("orgs.csv", "id,name", records.iter().map(|n| format!("{n},{}", NAMES[*n])).collect());
        write(
            "judged.csv",
            "left_id,right_id,match",
            together.iter().map(|(a, b)| format!("{a},{b},1")).collect(),
        );
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgloop"));
        command.current_dir(folder).args(["dedupe", "--input", "orgs.csv", "--output", "clusters.csv"]);
        command.args(["--judgements", "judged.csv"]);
        if let Some(previous) = previous {
            command.args(["--previous", previous, "--changes", "changes.csv"]);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let Ok(mut changes) = csv::Reader::from_path(folder.join("changes.csv")) else { return Vec::new() };
        let told = |row: csv::StringRecord| {
            let count = |ids: &str| ids.split_whitespace().count();
            format!("{} {}>{} ({}>{})", &row[0], count(&row[1]), count(&row[2]), &row[3], &row[4])
        };
        changes.records().map(|row| told(row.unwrap())).collect()
    }

    fn between(
        (before, joined): (&[usize], &[(usize, usize)]),
        (after, rejoined): (&[usize], &[(usize, usize)]),
    ) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), before, joined, None);
        std::fs::rename(folder.path().join("clusters.csv"), folder.path().join("before.csv")).unwrap();
        run(folder.path(), after, rejoined, Some("before.csv"))
    }

    #[test]
    fn each_change_is_told_apart() {
        let four: &[usize] = &[0, 1, 2, 3];
        let pairs = (four, &[(0, 1), (2, 3)][..]);
        let whole = (four, &[(0, 1), (1, 2), (2, 3)][..]);
        assert_eq!(between(pairs, whole), ["merged 2>1 (4>4)"]);
        assert_eq!(between(whole, pairs), ["split 1>2 (4>4)"]);
        assert_eq!(between(pairs, (four, &[(0, 2), (1, 3)])), ["regrouped 2>2 (4>4)"]);
        assert_eq!(between(pairs, (four, &[(0, 1)])), ["retired 1>0 (2>0)"]);
        assert_eq!(between((four, &[(0, 1)]), pairs), ["born 0>1 (0>2)"]);
        assert_eq!(between(pairs, pairs), Vec::<String>::new());
    }

    #[test]
    fn records_that_come_and_go_count() {
        let three = (&[0, 1, 2][..], &[(0, 1), (1, 2)][..]);
        assert_eq!(between(three, (&[0, 1], &[(0, 1)])), ["shrank 1>1 (3>2)"], "one is gone");
        assert_eq!(between((&[0, 1], &[(0, 1)]), three), ["grew 1>1 (2>3)"], "one has come");
        assert_eq!(
            between(three, (&[0, 1, 5], &[(0, 1), (1, 5)])),
            ["regrouped 1>1 (3>3)"],
            "one for another"
        );
        assert_eq!(between(three, (&[0], &[])), ["retired 1>0 (3>0)"]);
    }
}

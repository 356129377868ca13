//! `stowage replay`: what was recorded comes out the same, and what is different or damaged is shown.

use std::path::{Path, PathBuf};

use record::{FORMAT, Hash, unpack};

use crate::stowage::{Run, plan, replay};

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replay").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

const PLAN: [&str; 4] = ["pools.yaml", "app.yaml", "--work", "100000"];

/// Records a plan in `file`; gives what was printed.
fn recorded(file: &Path, more: &[&str]) -> Run {
    let file = file.to_str().expect("a path in UTF-8");
    let run = plan(&[&PLAN[..], &["--record", file], more].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

fn replayed(paths: &[&Path], more: &[&str]) -> Run {
    let paths: Vec<&str> = paths.iter().map(|path| path.to_str().expect("UTF-8")).collect();
    replay(&[&paths, more].concat(), b"")
}

fn lines(file: &Path) -> String {
    let bytes = std::fs::read(file).expect("it was written");
    String::from_utf8(unpack(bytes, 1 << 30).lines).expect("JSON is text")
}

/// The lines with `from` as `to` in the decision, its hash put right.
fn forged(lines: &str, from: &str, to: &str) -> String {
    let forge = |line: &str| {
        let Some(start) = line.find("\"decision\":") else { return line.to_owned() };
        let decision = &line[start + 11..line.len() - 1];
        assert!(decision.contains(from), "{from} is not in {decision}");
        let decision = decision.replacen(from, to, 1);
        let hash = Hash::of(decision.as_bytes());
        format!("{{\"stowageRecord\":{FORMAT},\"hash\":\"{hash}\",\"decision\":{decision}}}")
    };
    lines.lines().map(|line| forge(line) + "\n").collect()
}

#[test]
fn a_recorded_plan_comes_out_the_same_and_prints_the_same() {
    let file = folder("same").join("plan.jsonl.gz");
    let planned = recorded(&file, &["-o", "json"]);
    let run = replayed(&[&file], &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let line = run.stdout.trim_end();
    assert!(line.starts_with("1970-01-01T00:00:00Z, asked for: "), "{line}");
    assert!(line.ends_with(" USD/h, same"), "{line}");
    let shown = replayed(&[&file], &["--show", "-o", "json"]);
    assert_eq!(shown.stdout, run.stdout + &planned.stdout);
    // A search that time has cut is given the work that it had done.
    let cut = recorded(&file, &["-o", "json", "--time-limit", "0ms"]);
    let shown = replayed(&[&file], &["--show", "-o", "json"]);
    assert!(shown.code == 0 && shown.stdout.ends_with(&cut.stdout), "{}", shown.stdout);
}

#[test]
fn the_newest_of_a_folder_are_replayed_in_order_of_time() {
    let folder = folder("ring");
    for number in [9, 10, 11] {
        let seed = number.to_string();
        recorded(&folder.join(record::ring::File::name(number)), &["--seed", &seed]);
    }
    std::fs::write(folder.join("notes.txt"), "no record").expect("it can be written");
    let run = replayed(&[&folder], &["--show", "-o", "json", "--last", "2"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let seeds: Vec<&str> = run.stdout.lines().filter(|line| line.contains("\"seed\"")).collect();
    assert!(seeds.len() == 2 && seeds[0].contains("10") && seeds[1].contains("11"), "{seeds:?}");
    assert_eq!(replayed(&[&folder], &[]).stdout.lines().count(), 3);
}

#[test]
fn what_is_different_is_shown_and_fails() {
    let file = folder("different").join("plan.jsonl.gz");
    recorded(&file, &[]);
    let lines = lines(&file);
    let run = replay(&["-"], forged(&lines, "\"classes\":", "\"classes\":9").as_bytes());
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    for words in ["DIFFERENT", "first difference at report.classes", "recorded 9", "replayed "] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    let other = forged(&lines, record::VERSION, "9.9.9");
    let run = replay(&["-"], other.as_bytes());
    assert!(run.code == 0 && run.stdout.contains("same (recorded by 9.9.9"), "{}", run.stdout);
}

#[test]
fn a_torn_record_is_told_and_the_others_are_replayed() {
    let file = folder("torn").join("plan.jsonl.gz");
    recorded(&file, &[]);
    let whole = std::fs::read(&file).expect("it was written");
    let mut torn = whole.clone();
    torn.extend_from_slice(&whole[..whole.len() / 2]);
    let run = replay(&["-"], &torn);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    assert!(run.stderr.contains("note: -:"), "{}", run.stderr);
    assert!(run.stderr.contains("all before it can be used"), "{}", run.stderr);
    // What is damaged in the middle is an error, and what can be used is.
    let text = lines(&file);
    let damaged = text.replacen("\"cpu\":", "\"cpu\":1", 1) + &text;
    let run = replay(&["-"], damaged.as_bytes());
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stderr.contains("error: -:"), "{}", run.stderr);
    assert!(run.stdout.lines().all(|line| line.ends_with("same")), "{}", run.stdout);
}

#[test]
fn nothing_to_replay_is_refused_with_what_to_give() {
    let empty = folder("empty");
    let run = replayed(&[&empty], &[]);
    assert!(run.code == 2 && run.stderr.contains("files such as records-"), "{}", run.stderr);
    let run = replay(&["-"], b"{\"level\":\"info\"}\n");
    assert!(run.code == 2 && run.stderr.contains("there is no record"), "{}", run.stderr);
    let run = replayed(&[&empty.join("nowhere")], &[]);
    assert!(run.code == 2 && run.stderr.contains("cannot read"), "{}", run.stderr);
    assert_eq!(replay(&[], b"").code, 2);
}

#[test]
fn recorded_moves_come_out_the_same_and_print_the_same() {
    let file = folder("moves").join("moves.jsonl.gz");
    let to = file.to_str().expect("a path in UTF-8");
    for more in [&[][..], &["oversized.yaml", "--now", "2026-11-26T09:00:00Z"][..]] {
        let planned = plan(&[&["--disrupt", "-o", "json", "--record", to], more].concat());
        assert_eq!(planned.code, 0, "{}", planned.stderr);
        let run = replayed(&[&file], &[]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let line = run.stdout.trim_end();
        assert!(line.contains(", what runs: ") && line.ends_with(", same"), "{line}");
        let shown = replayed(&[&file], &["--show", "-o", "json"]);
        assert_eq!(shown.stdout, run.stdout + &planned.stdout);
    }
    let other = forged(&lines(&file), "\"workUsed\":", "\"workUsed\":9");
    let run = replay(&["-"], other.as_bytes());
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("first difference at found.workUsed"), "{}", run.stdout);
}

//! Records as a ring of files in a folder.
//!
//! In: records. Out: files of which each begins with all that its records name. A record is one write
//! at the end of the newest file, so a process that is killed loses the last one at most. Each process
//! begins a file of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use record::ring::{self, Ring};
use record::{Encoded, Stream, pack};

use super::output::{WriteError, size};

/// A folder with records.
pub(crate) struct Folder {
    path: PathBuf,
    ring: Ring,
    current: Option<Current>,
}

/// The file that is being written.
struct Current {
    number: u64,
    file: File,
    bytes: u64,
    stream: Stream,
}

impl Folder {
    /// A folder that need not be there yet.
    pub(crate) fn new(path: PathBuf, ring: Ring) -> Self {
        Self { path, ring, current: None }
    }

    /// Adds a record, and removes the oldest files for it.
    pub(crate) fn write(&mut self, record: &Encoded) -> Result<(), WriteError> {
        fs::create_dir_all(&self.path).map_err(failed("make the folder", &self.path))?;
        // After a failure nobody knows what has arrived: a new file is begun then. So it is where
        // somebody has removed the file.
        let current = self.current.take();
        if let Some(mut current) = current.filter(|current| self.file(current.number).exists()) {
            let lines = pack(&current.stream.lacks(record));
            if !self.ring.is_full(current.bytes, size(lines.len())) {
                self.make_room(Some(current.number), current.bytes + size(lines.len()))?;
                self.append(&mut current, &lines)?;
                current.stream.wrote(record);
                self.current = Some(current);
                return Ok(());
            }
        }
        let mut stream = Stream::new();
        let lines = pack(&stream.lacks(record));
        self.make_room(None, size(lines.len()))?;
        let mut current = self.begin()?;
        let appended = self.append(&mut current, &lines);
        if appended.is_err() {
            // Nothing is in it that could be used.
            let _ = fs::remove_file(self.file(current.number));
        }
        appended?;
        stream.wrote(record);
        self.current = Some(Current { stream, ..current });
        Ok(())
    }

    fn file(&self, number: u64) -> PathBuf {
        self.path.join(ring::File::name(number))
    }

    /// Writes at the end of a file; what could not be written whole is cut off again.
    fn append(&self, current: &mut Current, lines: &[u8]) -> Result<(), WriteError> {
        let written = current.file.write_all(lines);
        if written.is_err() {
            let _ = current.file.set_len(current.bytes);
        }
        written.map_err(failed("write to", &self.file(current.number)))?;
        current.bytes += size(lines.len());
        Ok(())
    }

    /// Begins the file after the newest.
    fn begin(&self) -> Result<Current, WriteError> {
        let newest = self.files()?.iter().map(|file| file.number).max();
        let mut number = newest.map_or(1, |newest| newest.saturating_add(1));
        loop {
            let path = self.file(number);
            match OpenOptions::new().append(true).create_new(true).open(&path) {
                Ok(file) => {
                    return Ok(Current { number, file, bytes: 0, stream: Stream::new() });
                }
                // Another process was faster; as many are there as write to this folder.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(failed("begin", &path)(error)),
            }
        }
    }

    fn make_room(&self, current: Option<u64>, bytes: u64) -> Result<(), WriteError> {
        let victims = self.ring.victims(&self.files()?, current, bytes);
        for victim in victims.ok_or(WriteError::TooLarge { bytes })? {
            let path = self.file(victim);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("remove", &path)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// The files of the ring.
    fn files(&self) -> Result<Vec<ring::File>, WriteError> {
        let failed = || failed("read the folder", &self.path);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let number = entry.file_name().to_str().and_then(ring::File::number_of);
            // A file that went meanwhile takes no room.
            let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
            files.extend(number.map(|number| ring::File { number, bytes }));
        }
        Ok(files)
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::File { doing, path, source }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use planner::{Seed, Settings};
    use record::{Planning, Segment, Selection, Shown, Why, unpack};

    use super::*;

    /// A folder of the test's own, which is not there yet; gone when dropped.
    struct Own(PathBuf);

    impl Own {
        fn new(name: &str) -> Self {
            let name = format!("stowage-records-{}-{name}", std::process::id());
            let own = Self(std::env::temp_dir().join(name));
            let _ = fs::remove_dir_all(&own.0);
            own
        }
    }

    impl Drop for Own {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// The record of a plan for so many pods, made at `now`.
    fn record(pods: usize, now: i64) -> Encoded {
        let world = format!(
            "zones a\ntype t0 cpu=4 mem=16Gi pods=30 price=0.2\npool p0\npod s0 x{pods} cpu=1 mem=1Gi\n"
        );
        let snapshot = testkit::world(&world);
        let objective = model::Objective::LIST_PRICES;
        let settings = Settings { price_weights: false, objective, work_limit: 1_000 };
        let (now, seed) = (Timestamp(now), Seed(1));
        let (plan, report) = planner::plan(&snapshot, &settings, now, seed);
        let shown = Shown {
            pods: Selection::Pending,
            default_pools: String::new(),
            attribution: String::new(),
            catalog_date: "2026-07-20".to_owned(),
            prices: Vec::new(),
        };
        record::encode(&Planning {
            why: Why::Pods,
            now,
            seed,
            settings,
            cut: false,
            snapshot: &snapshot,
            plan: &plan,
            report: &report,
            findings: &[],
            shown,
        })
    }

    /// Times of all records in the folder, each of which must be whole and replay to the same; and how
    /// many lines are torn.
    fn times(path: &Path) -> (Vec<i64>, usize) {
        let mut files: Vec<PathBuf> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let (mut times, mut torn) = (Vec::new(), 0);
        for file in files {
            let unpacked = unpack(fs::read(&file).unwrap(), 1 << 30);
            let name = file.display().to_string();
            let mut segment = Segment::read(&name, &unpacked.lines);
            if let Some(problem) = unpacked.problem {
                segment.breaks_off(&name, &unpacked.lines, problem);
            }
            assert!(segment.faults.iter().all(|fault| fault.problem.is_torn()));
            torn += segment.faults.len();
            for entry in &segment.entries {
                let recorded = segment.decode(entry).unwrap();
                assert_eq!(record::replay_any(&recorded), None);
                times.push(recorded.now().0);
            }
        }
        (times, torn)
    }

    fn bytes(path: &Path) -> u64 {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
    }

    #[test]
    fn the_oldest_records_make_room_and_those_that_stay_replay() {
        let own = Own::new("ring");
        let path = own.0.clone();
        let ring = Ring { bytes_max: 40_000 };
        let mut folder = Folder::new(path.clone(), ring);
        for now in 0..60 {
            folder.write(&record(5 + usize::try_from(now % 7).unwrap(), now)).unwrap();
            assert!(bytes(&path) <= ring.bytes_max);
        }
        let (times, torn) = times(&path);
        assert_eq!(torn, 0);
        assert!(times.len() > 10 && times.len() < 60, "{times:?}");
        assert_eq!(times, (60 - i64::try_from(times.len()).unwrap()..60).collect::<Vec<_>>());
        assert!(bytes(&path) > ring.bytes_max / 2, "the ring is used");
        let small = Folder::new(path.clone(), Ring { bytes_max: 100 }).write(&record(5, 0));
        assert!(matches!(small, Err(WriteError::TooLarge { .. })));
    }

    #[test]
    fn what_is_torn_by_a_kill_is_left_behind_and_the_next_process_goes_on() {
        let own = Own::new("torn");
        let path = own.0.clone();
        let ring = Ring { bytes_max: 1_000_000 };
        let mut folder = Folder::new(path.clone(), ring);
        folder.write(&record(5, 1)).unwrap();
        folder.write(&record(6, 2)).unwrap();
        let file = path.join(ring::File::name(1));
        let whole = fs::read(&file).unwrap();
        folder.write(&record(7, 3)).unwrap();
        let more = fs::read(&file).unwrap();
        // All but the last byte of the last member is its lines, and a part of their checksum.
        for (end, expected) in [
            (whole.len() + 1, &[1, 2, 4][..]),
            (whole.len() + 11, &[1, 2, 4]),
            (more.len() - 12, &[1, 2, 4]),
            (more.len() - 1, &[1, 2, 3, 4]),
        ] {
            fs::write(&file, &more[..end]).unwrap();
            let _ = fs::remove_file(path.join(ring::File::name(2)));
            Folder::new(path.clone(), ring).write(&record(8, 4)).unwrap();
            let (times, torn) = times(&path);
            assert_eq!((&times[..], torn), (expected, 1), "torn at {end} of {}", more.len());
        }
    }

    #[test]
    fn what_cannot_be_written_is_an_error_and_is_written_when_it_can_be() {
        let own = Own::new("refused");
        let path = own.0.clone();
        fs::write(&path, "a file in the folder's place").unwrap();
        let mut folder = Folder::new(path.clone(), Ring { bytes_max: 1_000_000 });
        let error = folder.write(&record(5, 1)).unwrap_err();
        assert!(error.to_string().contains("see that the volume is there"), "{error}");
        fs::remove_file(&path).unwrap();
        folder.write(&record(5, 2)).unwrap();
        // Files that go away under the writer.
        fs::remove_dir_all(&path).unwrap();
        folder.write(&record(6, 3)).unwrap();
        folder.write(&record(6, 4)).unwrap();
        assert_eq!(times(&path), (vec![3, 4], 0));
    }

    #[test]
    fn a_full_disk_is_an_error_and_no_end() {
        // Every write to it fails for want of space.
        let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let own = Own::new("full");
        let path = own.0.clone();
        let mut folder = Folder::new(path.clone(), Ring { bytes_max: 1_000_000 });
        folder.write(&record(5, 1)).unwrap();
        folder.current.as_mut().unwrap().file = file;
        let error = folder.write(&record(6, 2)).unwrap_err();
        assert!(matches!(error, WriteError::File { doing: "write to", .. }), "{error}");
        folder.write(&record(7, 3)).unwrap();
        assert_eq!(times(&path), (vec![1, 3], 0));
    }
}

//! The demo without a terminal, with this binary: it comes to its end by itself, stage by stage.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use ::demo::{Options, Pace, Stage};

/// What is written, kept for a look.
#[derive(Clone, Default)]
struct Sheet(Arc<Mutex<Vec<u8>>>);

impl Sheet {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A hundred thousandth of a dollar: bills and bounds are shown with four digits.
const CENT: f64 = 1e-5;

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_grows_shrinks_survives_a_notice_and_goes() {
    let sheet = Sheet::default();
    let options = Options {
        controller: env!("CARGO_BIN_EXE_stowage-controller").into(),
        root: Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."),
        plain: true,
        pace: Pace::FAST,
    };
    let told = ::demo::tell(&options, Box::new(sheet.clone())).await;
    let text = sheet.text();
    println!("{text}");
    let stages = told.unwrap_or_else(|error| panic!("{error:#}"));
    let [grown, shrunk, replaced, gone] = &stages[..] else { panic!("{stages:#?}") };

    assert_eq!([grown, shrunk, replaced, gone].map(|stage| stage.running), [44, 16, 16, 0]);
    for stage in &stages {
        assert!(stage.bill + CENT >= stage.bound, "below what is proved: {stage:#?}");
        let said = [stage.title.clone(), format!("{:.4} USD/h", stage.bill)];
        assert!(said.iter().all(|part| text.contains(part)), "{said:?}");
    }
    assert!(grown.bill < 1.1 * grown.bound, "{grown:#?}");
    // Packed tighter: what is left without moves, empty nodes gone, costs twice as much as the bound.
    assert!(shrunk.bill < 0.6 * grown.bill && shrunk.bill < 1.5 * shrunk.bound, "{shrunk:#?}");
    let kept = |stage: &Stage, name| stage.nodes.contains(name);
    let lost = shrunk.nodes.iter().filter(|name| !kept(replaced, name)).count();
    assert!(lost >= 1, "the machine is still there: {replaced:#?}");
    assert!(text.contains("spot_interrupted"), "no notice was heard");
    assert!(gone.nodes.is_empty() && gone.bill.abs() < CENT, "{gone:#?}");
    let picture = ::demo::svg(&stages);
    assert!(picture.contains("planned ") && picture.contains("spot"), "{picture}");
    // For who wants to look at it.
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo.svg"), picture).unwrap();
}

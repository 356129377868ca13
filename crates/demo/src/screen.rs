//! Frames on a terminal, each in the place of the one before; elsewhere a line for each change, and a whole
//! frame at the end of a stage.

use std::io::{self, Write};

use crate::frame::{Ink, Line};

/// Where frames go.
pub(crate) struct Screen {
    out: Box<dyn Write + Send>,
    is_plain: bool,
    last: String,
}

impl Screen {
    pub(crate) fn new(out: Box<dyn Write + Send>, is_plain: bool) -> Self {
        Self { out, is_plain, last: String::new() }
    }

    /// Shows a moment; where there are no frames, its bill, which is the second line.
    pub(crate) fn show(&mut self, lines: &[Line]) -> io::Result<()> {
        let text = if self.is_plain {
            let bill = lines.get(1).map(text_of).unwrap_or_default();
            format!("{bill}\n")
        } else {
            let drawn: String = lines.iter().map(coloured).collect();
            // To the first place, and what is left over of the frame before goes.
            format!("\x1b[H{drawn}\x1b[J")
        };
        if text == self.last {
            return Ok(());
        }
        if !self.is_plain && self.last.is_empty() {
            self.out.write_all(b"\x1b[2J")?;
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()?;
        self.last = text;
        Ok(())
    }

    /// Says what is told once: where there are no frames, the beginning of a stage.
    pub(crate) fn begin(&mut self, text: &str) -> io::Result<()> {
        if self.is_plain { writeln!(self.out, "\n== {text}") } else { Ok(()) }
    }

    /// Says how a stage ended, with the last frame where there are no frames.
    pub(crate) fn end(&mut self, text: &str, lines: &[Line]) -> io::Result<()> {
        if self.is_plain {
            for line in lines {
                writeln!(self.out, "   {}", text_of(line).trim_end())?;
            }
            writeln!(self.out, "-> {text}")?;
        }
        self.out.flush()
    }
}

fn text_of(line: &Line) -> String {
    line.iter().map(|(_, text)| text.as_str()).collect()
}

fn coloured(line: &Line) -> String {
    let pieces = line.iter().map(|(ink, text)| {
        let code = match ink {
            Ink::Plain => "0",
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Good => "32",
            Ink::Warm => "33",
            Ink::Cold => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    });
    format!("{}\x1b[K\r\n", pieces.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sheet(Arc<Mutex<Vec<u8>>>);

    impl Write for Sheet {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(is_plain: bool) -> String {
        let sheet = Sheet::default();
        let mut screen = Screen::new(Box::new(sheet.clone()), is_plain);
        let frame = |bill: &str| {
            vec![vec![(Ink::Bold, "title".to_owned())], vec![(Ink::Good, bill.to_owned())]]
        };
        screen.begin("stage").unwrap();
        for bill in ["1 USD", "1 USD", "2 USD"] {
            screen.show(&frame(bill)).unwrap();
        }
        screen.end("over", &frame("2 USD")).unwrap();
        String::from_utf8(sheet.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn without_a_terminal_each_change_is_a_line_and_nothing_is_coloured() {
        let expected = "\n== stage\n1 USD\n2 USD\n   title\n   2 USD\n-> over\n";
        assert_eq!(shown(true), expected);
    }

    #[test]
    fn on_a_terminal_a_frame_takes_the_place_of_the_one_before() {
        let text = shown(false);
        assert_eq!(text.matches("\x1b[2J").count(), 1, "{text:?}");
        assert_eq!(
            text.matches("\x1b[H").count(),
            2,
            "the same frame is not drawn again: {text:?}"
        );
        assert!(text.contains("\x1b[32m2 USD\x1b[0m"), "{text:?}");
    }
}

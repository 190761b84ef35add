//! Formats of files that hold a table, known by how a file is called.

use crate::nearest::nearest;

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// Apache Parquet: every type comes back, and every value exactly.
    Parquet,
    /// Comma-separated values.
    Csv,
    /// Values separated by tabs; can be opened and not saved.
    Tsv,
    /// One JSON object a line.
    Ndjson,
    /// One JSON document: a list of objects.
    Json,
}

/// A use of files, which not every format has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileUse {
    /// `save FILE`.
    Save,
    /// `open FILE`.
    Open,
}

impl FileFormat {
    /// Every extension, with the one to be recommended first in its format.
    const EXTENSIONS: [(&'static str, Self); 7] = [
        ("parquet", Self::Parquet),
        ("csv", Self::Csv),
        ("ndjson", Self::Ndjson),
        ("json", Self::Json),
        ("tsv", Self::Tsv),
        ("tab", Self::Tsv),
        ("jsonl", Self::Ndjson),
    ];

    /// Returns the format of a file by its extension, in any case.
    ///
    /// # Errors
    /// What to write instead, where there is no extension or an unknown one.
    pub fn of_file(file: &str, wanted: FileUse) -> Result<Self, String> {
        let fits = |format: Self| match format {
            Self::Tsv => wanted == FileUse::Open,
            Self::Parquet | Self::Csv | Self::Ndjson | Self::Json => true,
        };
        let known = || {
            let fitting = Self::EXTENSIONS.into_iter().filter(|(_, f)| fits(*f));
            fitting.map(|(extension, _)| extension)
        };
        let name = file.rsplit('/').next().unwrap_or(file);
        let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
        let extension = extension.unwrap_or_default();
        let found = Self::EXTENSIONS.iter().find(|(e, _)| *e == extension);
        match found {
            Some(&(_, format)) if fits(format) => Ok(format),
            Some(_) => Err(format!("tables are not saved as .{extension}; use .csv")),
            None if matches!(extension.as_str(), "gz" | "zst" | "xz" | "bz2" | "zip") => {
                Err("compressed files are not read; .parquet is small by itself".to_owned())
            }
            None => Err(nearest(&extension, known()).map_or_else(
                || {
                    let known: Vec<String> = known().map(|e| format!(".{e}")).collect();
                    format!("the name of the file says its format: {}", known.join(" "))
                },
                |near| format!("did you mean `.{near}`?"),
            )),
        }
    }

    /// Returns what people call the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Ndjson => "NDJSON",
            Self::Json => "JSON",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_its_format() {
        let open = |file| FileFormat::of_file(file, FileUse::Open);
        assert_eq!(open("a.parquet"), Ok(FileFormat::Parquet));
        assert_eq!(open("/x.y/A.CSV"), Ok(FileFormat::Csv));
        assert_eq!(open("~/a.b.jsonl"), Ok(FileFormat::Ndjson));
        assert_eq!(open("a.tsv"), Ok(FileFormat::Tsv));
        let help = |file, wanted| FileFormat::of_file(file, wanted).unwrap_err();
        assert_eq!(help("a.parqet", FileUse::Save), "did you mean `.parquet`?");
        assert_eq!(
            help("a.b/c", FileUse::Save),
            "the name of the file says its format: .parquet .csv .ndjson .json .jsonl"
        );
        assert!(help("a.tsv", FileUse::Save).contains("use .csv"));
        assert!(help("a.csv.gz", FileUse::Open).contains("compressed"));
    }
}

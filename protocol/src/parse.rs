//! `parse`: text that Linux tools print becomes tables.

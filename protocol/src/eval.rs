//! Evaluation of row plans over tables.

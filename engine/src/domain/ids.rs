//! Indices: positions in the tables of one `Season`. They mean nothing outside it.

macro_rules! index {
    ($(#[$doc:meta])* $name:ident($repr:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub $repr);

        impl $name {
            /// The position as a slice index.
            pub const fn at(self) -> usize {
                self.0 as usize
            }
        }

        impl From<usize> for $name {
            /// Tables are far smaller than the index type; a larger one saturates and then misses.
            fn from(at: usize) -> Self {
                Self(<$repr>::try_from(at).unwrap_or(<$repr>::MAX))
            }
        }
    };
}

index!(
    /// A school, by its place in the `schools` table; the table's order is part of the input (SPEC §5.5).
    SchoolIx(u32)
);
index!(
    /// An applicant, by its place in the order of applicant ids (bytewise).
    ApplicantIx(u32)
);
index!(
    /// A batch, by its place in the policy file, which is the order of processing.
    BatchIx(u16)
);
index!(
    /// A category, by its place in the policy file.
    CategoryIx(u16)
);
index!(
    /// A subject, by its place in the policy file.
    SubjectIx(u16)
);
index!(
    /// A region (district or county), by the order of its name (bytewise).
    RegionIx(u32)
);

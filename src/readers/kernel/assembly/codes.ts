/** Numbers that stand for texts on the JavaScript side (problems.ts there holds the same order). */

// Rule codes.
export const JSON_SYNTAX: u32 = 0;
export const UTF8_INVALID: u32 = 1;
export const JSON_DUPLICATE_KEY: u32 = 2;
export const JSON_NOT_OBJECT: u32 = 3;
export const CSV_SYNTAX: u32 = 4;
export const CSV_FIELD_COUNT: u32 = 5;
export const ID_MISSING: u32 = 6;
export const ID_TYPE: u32 = 7;
export const VALUES_MISSING: u32 = 8;
export const VALUES_TYPE: u32 = 9;
export const VALUES_DIMENSION: u32 = 10;
export const VALUES_NOT_FINITE: u32 = 11;
export const SPARSE_MISSING: u32 = 12;
export const SPARSE_TYPE: u32 = 13;
export const SPARSE_LENGTHS: u32 = 14;
export const SPARSE_INDEX: u32 = 15;
export const SPARSE_NOT_FINITE: u32 = 16;
export const METADATA_NOT_OBJECT: u32 = 17;
export const METADATA_VALUE: u32 = 18;
export const NAMESPACE_TYPE: u32 = 19;
export const NAMESPACE_MISSING: u32 = 20;
export const NAMESPACE_NAME: u32 = 21;
export const ID_CHARSET: u32 = 22;
export const UNEXPECTED: u32 = 23; // VALUES_UNEXPECTED or SPARSE_UNEXPECTED, by the kind.

// What was expected.
export const EXPECT_NESTING: u32 = 0;
export const EXPECT_COMMA_OR_BRACE: u32 = 1;
export const EXPECT_COMMA_OR_BRACKET: u32 = 2;
export const EXPECT_KEY: u32 = 3;
export const EXPECT_COLON: u32 = 4;
export const EXPECT_CLOSING_QUOTE: u32 = 5;
export const EXPECT_NO_CONTROL: u32 = 6;
export const EXPECT_ESCAPE: u32 = 7;
export const EXPECT_HEX: u32 = 8;
export const EXPECT_ESCAPE_OF_RFC: u32 = 9;
export const EXPECT_NUMBER: u32 = 10;
export const EXPECT_VALUE: u32 = 11;
export const EXPECT_UTF8: u32 = 12;
export const EXPECT_FIELD_ONCE: u32 = 13;
export const EXPECT_OBJECT: u32 = 14;
export const EXPECT_END: u32 = 15;
export const EXPECT_SPARSE: u32 = 16;
export const EXPECT_ARRAY: u32 = 17;
export const EXPECT_NUMBERS: u32 = 18;
export const EXPECT_INDICES: u32 = 19;
export const EXPECT_LENGTHS: u32 = 20;
export const EXPECT_DIMENSION: u32 = 21;
export const EXPECT_ARRAY_OF: u32 = 22;
export const EXPECT_JSON_ARRAY_OF: u32 = 23;
export const EXPECT_BASE64_OF: u32 = 24;
export const EXPECT_DELIMITED: u32 = 25;
export const EXPECT_FINITE: u32 = 26;
export const EXPECT_A_NUMBER: u32 = 27;
export const EXPECT_A_FINITE: u32 = 28;
export const EXPECT_KEY_ONCE: u32 = 29;
export const EXPECT_STRING: u32 = 30;
export const EXPECT_UNICODE: u32 = 31;
export const EXPECT_NO_VECTOR: u32 = 32;
export const EXPECT_JSON_NUMBER: u32 = 33;
export const EXPECT_BOOLEAN: u32 = 34;
export const EXPECT_JSON: u32 = 35;
export const EXPECT_JSON_STRINGS: u32 = 36;
export const EXPECT_TYPE: u32 = 37; // a value of type `a`
export const EXPECT_NAME_TEXT: u32 = 38;
export const EXPECT_STRING_OR_NUMBER: u32 = 39;
export const EXPECT_FIELDS: u32 = 40;
export const EXPECT_LINE_FEED: u32 = 41;
export const EXPECT_DELIMITER: u32 = 42;
export const EXPECT_NO_QUOTE: u32 = 43;
export const EXPECT_QUOTE_CLOSED: u32 = 44;

// What was got: how the problem's text and numbers read.
export const GOT_JSON: u32 = 0; // A JSON value, described.
export const GOT_SHOWN: u32 = 1; // A text, in quotes.
export const GOT_RAW: u32 = 2; // A text as it is.
export const GOT_COUNT: u32 = 3; // a numbers
export const GOT_BASE64_BYTES: u32 = 4; // base64 of a bytes
export const GOT_LENGTHS: u32 = 5; // a indices and b values
export const GOT_FLOAT: u32 = 6; // The float32 of bits a.
export const GOT_TWICE: u32 = 7; // it twice
export const GOT_NO_INDICES: u32 = 8;
export const GOT_NO_VALUES: u32 = 9;
export const GOT_NON_FINITE: u32 = 10; // NaN or an infinity
export const GOT_EMPTY_TEXT: u32 = 11;
export const GOT_EMPTY_FIELD: u32 = 12;
export const GOT_NULL: u32 = 13;
export const GOT_ABSENT: u32 = 14;
export const GOT_LONE_SURROGATE: u32 = 15;
export const GOT_POSITION_IN_LINE: u32 = 16; // What stands at byte `a` of the line; `b`: its end.
export const GOT_POSITION_IN_ROW: u32 = 17;
export const GOT_FIELDS: u32 = 18;
export const GOT_EMPTY_FIELDS: u32 = 19;
export const GOT_NONE: u32 = 20;
export const GOT_OTHER_BYTES: u32 = 21;

// The field it is about.
export const FIELD_NONE: u32 = 0;
export const FIELD_ID: u32 = 1;
export const FIELD_VALUES: u32 = 2;
export const FIELD_SPARSE: u32 = 3;
export const FIELD_SPARSE_INDICES: u32 = 4;
export const FIELD_SPARSE_VALUES: u32 = 5;
export const FIELD_METADATA: u32 = 6;
/** In the text at wrongFieldFrom … wrongFieldTo. */
export const FIELD_TEXT: u32 = 7;
export const FIELD_UNEXPECTED: u32 = 8;
export const FIELD_VALUES_CELLS: u32 = 9;
/** From here on: nodes of the tree, or columns. */
export const FIELD_FIRST_NODE: u32 = 16;

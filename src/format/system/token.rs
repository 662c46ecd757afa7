//! The Token stream: security tokens of the process and of its threads.

structure! {
    /// The header of the Token stream. The first [`TokenInfo`] begins at `list_header_size`.
    #[doc(alias = "MINIDUMP_TOKEN_INFO_LIST")]
    pub struct TokenInfoList {
        /// Size of the stream in bytes.
        pub token_list_size: u32,
        /// Number of tokens in the list; often 0.
        pub token_list_entries: u32,
        /// Size of this header in bytes, 16 or more.
        pub list_header_size: u32,
        /// Size of a token's header in bytes, see [`TokenInfoList::DBGENG_ELEMENT_HEADER_SIZE`].
        pub element_header_size: u32,
    }
}

impl TokenInfoList {
    /// The size that dbgeng was observed to store for the header of a token, which is 16 bytes long.
    pub const DBGENG_ELEMENT_HEADER_SIZE: u32 = 72;
}

structure! {
    /// The header of a token.
    ///
    /// The data after it is not documented. In files of dbgeng it begins with pairs of 32-bit words, each an offset
    /// from the start of this header and a size. No file offsets were observed in it.
    #[doc(alias = "MINIDUMP_TOKEN_INFO_HEADER")]
    pub struct TokenInfo {
        /// Size of the token in bytes, including this header. The next token follows immediately.
        pub token_size: u32,
        /// ID of the process or thread that the token belongs to.
        pub token_id: u32,
        /// Handle of the token in the process.
        pub token_handle: u64,
    }
}

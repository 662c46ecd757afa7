//! Security tokens of the process and of its threads.

structure! {
    /// Head of the Token stream; the first [`TokenInfo`] begins at `list_header_size`.
    #[doc(alias = "MINIDUMP_TOKEN_INFO_LIST")]
    pub struct TokenInfoList {
        /// Size of the whole stream in bytes.
        pub token_list_size: u32,
        /// Tokens in the list; 0 is common.
        pub token_list_entries: u32,
        /// Size of this head in bytes, 16 or more.
        pub list_header_size: u32,
        /// Size of the header of a token in bytes, see [`TokenInfoList::ELEMENT_HEADER_SIZE_OF_DBGENG`].
        pub element_header_size: u32,
    }
}

impl TokenInfoList {
    /// What dbgeng was observed to give as the size of a token's header, which has 16 bytes.
    pub const ELEMENT_HEADER_SIZE_OF_DBGENG: u32 = 72;
}

structure! {
    /// Head of one token.
    ///
    /// What follows is not documented. In files of dbgeng it begins with pairs of 32-bit words, an offset from the
    /// start of this head and a size; nothing in it was observed to be a file position.
    #[doc(alias = "MINIDUMP_TOKEN_INFO_HEADER")]
    pub struct TokenInfo {
        /// Size of the token in bytes, this header included; the next token follows at once.
        pub token_size: u32,
        /// Id of the process or of the thread to which it belongs.
        pub token_id: u32,
        /// Handle of the token in the process.
        pub token_handle: u64,
    }
}

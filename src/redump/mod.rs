//! Re-encodes a dump: writes the minidump that the debugger's `.dump /m` would have written, or the full user dump of
//! `.dump /f`.
//!
//! Re-encoding has three steps: select memory and streams according to the options, pass the records of the source to
//! the builder, and write the plan. [`redump`] does all three. [`Redump`] stops before writing, so that size and report
//! are known beforehand. [`Options::as_is`] keeps the source as it is, with the changes that [`Hooks`] make.
//!
//! # What the options write
//!
//! | letters | header flags | streams | memory | what the source needs for it |
//! |---|---|---|---|---|
//! | none | `0x40000` | the base set | stacks, windows around instruction pointers, unwind data of generated code, user shared data (`KUSER_SHARED_DATA`; on Linux the `[vdso]` image); both sides of a [32-bit process in a 64-bit dump](#32-bit-processes-in-64-bit-dumps) | thread environment blocks or stack descriptors |
//! | `f` | `0x60002` | Memory64List in place of MemoryList | all memory of the source | full memory; without MemoryInfoList, all ranges are taken |
//! | `F` | `0x40800` | MemoryInfoList | | that stream; without it, entries are made up from what is known (Windows) |
//! | `h` | `0x40004` | HandleData | | that stream |
//! | `t` | `0x41000` | ThreadInfoList | | that stream |
//! | `u` | `0x40020` | UnloadedModuleList | | that stream |
//! | `i` | `0x40040` | | `[p-0x100, p+0x300)` for each stack word `p` that points outside all modules | the memory pointed to |
//! | `p` | `0x40100` | | thread and process environment blocks, process parameters and their strings, environment variables, loader data, fiber-local storage | Windows, and those pages |
//! | `w` | `0x40200` | | private memory that is writable or executable | MemoryInfoList or LinuxMaps; without either, every range is taken |
//! | `d` | `0x40001` | | sections of modules with writable data | section headers in memory, or LinuxMaps |
//! | `c` | `0x42000` | | sections of modules with code | the same |
//! | `y` | `0x240000` | | contexts keep their extended state | contexts that have it; `r` takes it out |
//! | `e` | `0xc0000` | | image headers, what their data directories refer to, debug records | Windows, and headers in memory |
//! | `T` | `0x440000` | IptTrace | | that stream |
//! | `N` | `0x2040000` | | full memory with missing bytes is refused | |
//! | `P` | `0x800000` more | | none; valid only with `A` | |
//! | `M` | `0x44000` | | none | |
//! | `D` | `0x40000` | | none | |
//! | `r` | `0x40008` | leaves out everything that may hold what a user typed | zeroes the stack words and registers that a stack trace does not need | |
//! | `R` | `0x40080` | module names without folders | | |
//! | `s` | `0x100080` | as `r` and `R` together, without Token | stack words and registers that a stack trace does not need are filled with `aa` | |
//! | `a`, `A` | `0x661826` | those of `fFhtuyT` | all memory of the source; continues where bytes of a region are missing | full memory, or parts of it |
//! | `/as-is` | the source's | all, unchanged | all, in the source's lists | a minidump |
//! | `/f` instead of `/m` | none | those of a [full user dump](#full-user-dumps) | as `A` | full memory |
//!
//! Two more letters of the debugger are refused here: `C` leaves out the exception and all threads but one, `W` takes
//! some data sections and not others. [`RefusedLetter`](crate::RedumpError::RefusedLetter) says what to use instead.
//!
//! These are the letters of today's debugger, the [engine](Engine) of 2026. With the letters of the 2017 engine
//! ([`Options::parse_as`]), the result has no user shared data, and these letters differ:
//!
//! | letters | header flags in 2017 | difference |
//! |---|---|---|
//! | `f` | `0x40002` | missing memory is refused |
//! | `a` | `0x41826` | the same; contexts are cut to their fixed part |
//! | `A` | `0x61826` | contexts are cut to their fixed part |
//! | `p` | `0x40100` | less of the fiber-local storage |
//! | `T`, `N`, `P` | | unknown letters; a trace is kept with every option |
//!
//! The base set is ThreadList, ModuleList, MemoryList, SystemInfo, MiscInfo, Exception (if the source has one, or one
//! is [named](Options::with_exception_pointers)) and, in dumps of Windows processes, Token, SystemMemoryInfo and
//! ProcessVmCounters. Function tables, thread names, comments and the streams of other producers are always kept.
//!
//! A stack is `[SP, StackBase)`, where `StackBase` comes from the thread environment block in the source's memory (x86:
//! from 4 bytes below `ESP`). If the stack pointer is outside the bounds in that block, the whole stack between these
//! bounds is taken. It is cut to the first and the last byte that the source has. If the stack pointer of the thread's
//! exception is lower, the stack begins there. If the source's own descriptor names a stack outside these bounds, that
//! stack is kept too. If the stack pointer is in neither stack, the memory from the stack pointer to the end of its
//! MemoryInfoList entry, its LinuxMaps line or its range is kept as well. No such stack is in a module.
//!
//! A window is 128 bytes (ARM64: 512, ARM: 256) to either side of each thread's instruction pointer, of the exception
//! address, and of the instruction pointer in the exception's context. Sections come from the section headers in the
//! source's memory, and have their virtual size. In Linux dumps, sections are the lines of `/proc/self/maps` for the
//! files that are mapped at the bases of modules. Without headers or lines (macOS dumps, and Crashpad dumps of systems
//! other than Windows) there are none. Ranges less than 17 bytes apart are joined, including the bytes between them.
//!
//! # Presets
//!
//! The debugger's letters name kinds of memory. Three options instead name the question that the dump is meant to
//! answer. They can be combined with any letters; the flags in the header are those of the letters.
//!
//! | option | question | memory |
//! |---|---|---|
//! | [`Options::identify`] | Which builds ran? | of each image: headers, debug records, version resource; of ELF images the headers and notes, of Mach-O images the load commands |
//! | [`Options::walk`] | Who called whom? | of each image that a stack word or an instruction pointer points into: the same, the exception directory (ELF: `.eh_frame_hdr` and `.eh_frame`), the unwind data of the functions pointed to, and 16 bytes of code (x86: 32) on both sides of each pointer; also code around pointers to executable memory outside images; with [`Walk::Names`] the export directories |
//! | [`Options::managed`] | What did .NET do? | both of the above, what `i` adds, and the memory that .NET debuggers read; with [`Managed::Heap`] the heap as well |
//!
//! A stack is walked with tables in memory, as the debugger walks it: of 41 frames in a full dump of 29 MB, `/m` keeps
//! 9, and `/m` with [`Options::walk`] all 41, in 177 KB. If the source has no description of the address space, any
//! memory that is not a stack may be code outside images. With `r` and `s`, only code, tables and identities of images
//! are taken, nothing that was written to memory; and words that are filtered out are not followed.
//!
//! # 32-bit processes in 64-bit dumps
//!
//! When a 64-bit program dumps a 32-bit process (WOW64), it dumps the 64-bit process that hosts the 32-bit program. The
//! result has both stacks of each thread. The thread's descriptor names the 32-bit stack, as Windows and the debugger
//! write it for a live process: from `ESP` to the end of the stack according to the 32-bit thread environment block or,
//! without that block, what the source's own descriptor names. The 32-bit instruction pointer gets a window too.
//!
//! The result also has what a debugger needs to find the 32-bit registers (`.effmach x86`): the area in which WOW64
//! saved them, the 64-bit thread environment block that leads to it, the process environment blocks of both widths, and
//! the start of the 32-bit thread environment block. [`Wow64`](crate::read::system::wow64::Wow64) documents which of
//! these are trusted.
//!
//! `i` scans 32-bit stacks in words of 4 bytes, and `p` takes the environment blocks of both widths and the process
//! parameters of the program. With `r` and `s`, the words of each stack are filtered by the word size of that stack.
//! Without `p`, only addresses remain of the environment blocks: the stack bounds, the addresses of the blocks
//! themselves, the base of the program and the saved registers. Saved registers stay under the same conditions as
//! registers in a thread's context.
//!
//! # Full user dumps
//!
//! As a **source**, a full user dump is treated like a minidump with the same content, so every letter has its usual
//! effect. What the format lacks is read from memory: the time stamp, checksum, version and debug records of each
//! module whose image is in memory; and the time of the dump and the edition of Windows, from the user shared data
//! (`KUSER_SHARED_DATA`). A full user dump never has handles, unloaded modules, thread names or thread times.
//!
//! As a **result** (`/f`), it has the width of the target. It contains
//!
//! | part | from a minidump | from a full user dump |
//! |---|---|---|
//! | regions | what `/mA` writes: each region with its MemoryInfoList entry or its LinuxMaps line; memory without a description is committed, private, readable and writable | unchanged; regions that the end of the file cuts are cut to what is there |
//! | contexts | the fixed part of the Windows layout; of other layouts the registers with the same names | the same |
//! | debug event | the first exception, or a breakpoint in the first thread; first chance, because a minidump does not record the chance | unchanged |
//! | modules | by base address; names in Windows-1252, with question marks for characters that it lacks | unchanged; in a `USERDUMP` only modules whose images are in memory, if any are |
//! | version information | the service pack, or `none` | unchanged |
//!
//! Two rules exist because the debugger would otherwise refuse or misread the file: it requires an image at each module
//! of a `USERDUMP`, and it treats a guard page of a `USERDU64` as a page without bytes, so such a region loses its
//! guard bit. The debugger also refuses a file without threads, modules or regions, and systems that it does not know
//! (versions of macOS). Therefore a source without threads, modules or memory is
//! [`Refused`](crate::RedumpError::Refused), and so is a 32-bit source without the image of any module in memory;
//! [`Options::forced`] writes the file anyway.
//!
//! The debugger refuses to write a full user dump from a dump, so these rules were measured on what it writes for a
//! live process. A full user dump of a source without full memory misleads debuggers, which treat what is missing as
//! free memory: [`Report::is_partial`] reports this case, and [`Report::missing_memory`] lists what is known to be
//! missing. Anything else that the format cannot hold is in the report, as [`Outcome::Unsupported`] or in
//! [`Report::losses`].
//!
//! # Compressed memory
//!
//! With [`Options::compressed`], the selected memory is written to a CompressedMemory stream instead of a memory list,
//! regardless of the letters. It consists of buckets of 4 MiB, each an LZ4 block. The debugger has opened such dumps since
//! 10.0.29507 and calls them full dumps; it can neither write one nor make a small dump from one. The rest is byte for byte
//! what the same letters write without compression, except for the flags in the header, the directory entry of the memory
//! list and the file offsets of stacks.
//!
//! The size is not known until everything is compressed. [`Redump::size`] and [`Report::size`] therefore give the upper
//! bound: the uncompressed size plus half a percent. If the sink can seek, [`Redump::write_to_seekable`] needs one
//! pass. [`Redump::write_to`] needs two, and if there is a redactor ([`Hooks::redact`]), which is called once for each
//! byte, it buffers the compressed data.
//!
//! # What is lost
//!
//! The [`Report`] accounts for every difference between source and result that no option asks for. Each structure that
//! is encoded again is compared with the bytes it came from, and each field that differs is listed in
//! [`Report::losses`] by its name. Exceptions are file positions, which differ by nature, the two forms of addresses of
//! 32-bit targets, and what the header records about the program that wrote the file. What could not be read is in
//! [`Report::faults`], or is the [`Outcome`] of its stream. What the letters ask for and the source lacks is in
//! [`Report::unavailable`]. What the result has beyond the source is in [`Report::additions`] and [`Report::made_up`].
//!
//! # What `r`, `R` and `s` take out
//!
//! This table lists every place in a dump that may hold text or other data of a user, and what happens to it: it is the
//! contract of the three options. `gone` means that none of it is in the result. `stays` means that all of it is,
//! provided that the letter in the second column asks for the place. With several options, a place is gone if any of
//! them removes it. A test reads this table and plants words in each of the places.
//!
//! | place | letter | `r` | `R` | `s` | why |
//! |---|---|---|---|---|---|
//! | stack | any | gone | stays | gone | numbers and text that a stack trace does not need |
//! | end of the stack | any | gone | stays | gone | the same |
//! | 32-bit stack | any | gone | stays | gone | the same, in a 64-bit dump of a 32-bit process |
//! | end of the 32-bit stack | any | gone | stays | gone | the same |
//! | environment blocks of a 32-bit process | any | gone | stays | gone | debuggers need only addresses from them; the rows of `p` and `w` say what those letters add |
//! | 32-bit register | any | stays | stays | gone | a stack trace begins with registers |
//! | vector register of 32-bit code | any | gone | stays | gone | programs copy text through them, and stack traces do not need them |
//! | code around an instruction | any | stays | stays | stays | a stack trace cannot begin without it |
//! | memory at the address of an exception | any | gone | stays | gone | on systems other than Windows it is not code |
//! | memory that a pointer leads to | `i` | stays | stays | stays | requested by its letter, [counted](Report::unfiltered_memory) |
//! | private memory | `w` | stays | stays | stays | the same |
//! | data section | `d` | stays | stays | stays | the same |
//! | code section | `c` | stays | stays | stays | the same |
//! | thread environment block | `p` | stays | stays | stays | the same |
//! | process environment block | `p` | stays | stays | stays | the same |
//! | process parameters | `p` | gone | stays | gone | what the user typed |
//! | command line | `p` | gone | stays | gone | the same |
//! | environment variables | `p` | gone | stays | gone | the same |
//! | headers of an image | `e` | stays | stays | stays | the same |
//! | version of an image | `e`, `identify` | stays | stays | stays | processes do not write to it |
//! | debug record of an image | `identify` | stays | stays | stays | the same |
//! | folder in a debug record of an image | `identify` | stays | gone | gone | asterisks replace it |
//! | PDB in a debug record of an image | `identify` | stays | stays | stays | symbols are looked up by it |
//! | debug record in writable memory | `identify` | gone | stays | gone | it may not be what the headers say |
//! | memory outside an image that its headers refer to | `identify` | gone | stays | gone | the same |
//! | processor features | any | stays | stays | stays | they describe the system, as its version and the time do |
//! | system folder | any | gone | gone | gone | debuggers do not need it, and `R` removes folders |
//! | other user shared data | any | gone | stays | gone | debuggers do not need it |
//! | vDSO image of Linux | any | stays | stays | stays | its code is not in any file |
//! | other memory | any | gone | gone | gone | no letter asks for it |
//! | register | any | stays | stays | gone | a stack trace begins with registers |
//! | vector register whose flag is set | any | gone | stays | gone | programs copy text through them, and stack traces do not need them |
//! | registers whose flag is clear | any | gone | gone | gone | not register values, but what the producer had in memory |
//! | parameter home fields | any | gone | gone | gone | the same |
//! | vector registers without a flag | any | gone | gone | gone | the same |
//! | padding of a context | any | gone | gone | gone | the same |
//! | extended registers | `y` | gone | stays | gone | they are vector registers |
//! | extended registers that are not present | `y` | gone | gone | gone | left over from another time |
//! | gap in the extended state | `y` | gone | gone | gone | the same |
//! | exception parameter | any | stays | stays | stays | it describes what happened |
//! | exception parameter beyond the count | any | gone | gone | gone | not a parameter |
//! | LLDB stop description | any | gone | gone | gone | it may quote the program; LLDB's own names of signals stay |
//! | padding of the exception | any | gone | gone | gone | padding |
//! | service pack | any | stays | stays | stays | it describes the system |
//! | after the service pack | any | gone | gone | gone | the text ends at its NUL |
//! | unused part of LLDB's system information | any | gone | gone | gone | uninitialised, except processor and system |
//! | Wine data after the system information | any | gone | gone | gone | nothing refers to it, so it may be anything |
//! | after the processor information | any | gone | gone | gone | an unused part of a union |
//! | name of the time zone | any | stays | stays | stays | it describes the system |
//! | name of daylight saving time | any | stays | stays | stays | the same |
//! | build of the system | any | stays | stays | stays | the same |
//! | build of the debugger | any | stays | stays | stays | the same |
//! | after the name of the time zone | any | gone | gone | gone | the text ends at its NUL |
//! | after the name of daylight saving time | any | gone | gone | gone | the same |
//! | after the build of the system | any | gone | gone | gone | the same |
//! | after the build of the debugger | any | gone | gone | gone | the same |
//! | MiscInfo field whose flag is clear | any | gone | gone | gone | not filled in |
//! | MiscInfo entry without an extended register | any | gone | gone | gone | there is no such size |
//! | folder of a module | any | stays | gone | gone | `R` removes folders |
//! | module | any | stays | stays | stays | symbols are looked up by it |
//! | after the name of a module | any | gone | gone | gone | the text ends at its NUL |
//! | reserved fields of a module | any | gone | gone | gone | they have no meaning |
//! | version of a module without its signature | any | gone | gone | gone | not a version |
//! | folder of a PDB | any | stays | gone | gone | `R` removes folders |
//! | user name after Users | any | stays | gone | gone | it occurs in a folder of a module, and is hidden in every path |
//! | user name after home | any | stays | gone | gone | the same |
//! | PDB | any | stays | stays | stays | symbols are looked up by it |
//! | after the name of a PDB | any | gone | gone | gone | the text ends at its NUL |
//! | debug file | any | stays | stays | stays | symbols are looked up by it |
//! | after the name of a debug file | any | gone | gone | gone | the text ends at its NUL |
//! | folder of an unloaded module | `u` | stays | gone | gone | `R` removes folders |
//! | unloaded module | `u` | stays | stays | stays | requested by its letter |
//! | after the name of an unloaded module | `u` | gone | gone | gone | the text ends at its NUL |
//! | thread | any | stays | stays | stays | thread names tell what the threads do |
//! | after the name of a thread | any | gone | gone | gone | the text ends at its NUL |
//! | error of a thread without an error | `t` | gone | gone | gone | not filled in |
//! | times of a thread that could not be examined | `t` | gone | gone | gone | the same |
//! | padding of a region | `F` | gone | gone | gone | padding |
//! | type of a handle | `h` | stays | stays | stays | requested by its letter |
//! | object of a handle | `h` | stays | stays | stays | the same |
//! | record of a handle | `h` | stays | stays | stays | the same |
//! | after the object of a handle | `h` | gone | gone | gone | the text ends at its NUL |
//! | reserved field of a handle | `h` | gone | gone | gone | it has no meaning |
//! | token | any | stays | stays | gone | it lists the rights of the process |
//! | after the last token | any | gone | gone | gone | after the list |
//! | entries of a function table | any | stays | stays | stays | unwinding needs them |
//! | unwind data of a function table | any | stays | stays | stays | the same |
//! | native descriptor of a function table | any | gone | gone | gone | the debugger blanks it too |
//! | padding of a function table | any | gone | gone | gone | padding |
//! | after the system memory counters | any | gone | gone | gone | after the structure |
//! | after the process memory counters | any | gone | gone | gone | the same |
//! | handle operations | any | gone | stays | gone | stack traces do not need them |
//! | script | any | gone | stays | gone | its contents are unknown |
//! | trace | `T` | gone | stays | gone | the same |
//! | comment in ANSI | any | gone | stays | gone | someone typed it |
//! | comment in UTF-16 | any | gone | stays | gone | the same |
//! | after a comment | any | gone | gone | gone | the text ends at its NUL |
//! | stream added by a program | any | gone | stays | gone | its contents are unknown |
//! | unknown stream | any | gone | stays | gone | the same |
//! | stream that is too short | any | gone | stays | gone | with `r`, a stream must be what its type says |
//! | Breakpad thread IDs that are not valid | any | gone | gone | gone | not filled in |
//! | assertion | any | gone | stays | gone | a programmer wrote it |
//! | after an assertion | any | gone | gone | gone | the text ends at its NUL |
//! | /proc/cpuinfo | any | stays | stays | stays | it describes the system |
//! | /proc/self/status | any | stays | stays | stays | it describes the process |
//! | /proc/self/stat | any | stays | stays | stays | it describes the process |
//! | /etc/lsb-release | any | stays | stays | stays | it describes the system |
//! | /proc/self/limits | any | stays | stays | stays | it describes the process |
//! | /proc/uptime | any | stays | stays | stays | it describes the system |
//! | after a Linux text | any | gone | gone | gone | the text ends at its NUL |
//! | auxiliary vector | any | stays | stays | stays | it has addresses and sizes |
//! | after the auxiliary vector | any | gone | gone | gone | after its end |
//! | folder of a mapped file | any | stays | gone | gone | `R` removes folders |
//! | mapped file | any | stays | stays | stays | symbols are looked up by it |
//! | name of anonymous memory | any | stays | gone | gone | the program named it |
//! | name of shared memory | any | stays | gone | gone | the same |
//! | folder of a shared object | any | stays | gone | gone | `R` removes folders |
//! | shared object | any | stays | stays | stays | symbols are looked up by it |
//! | after the dynamic section | any | gone | gone | gone | after its end |
//! | padding of a shared object | any | gone | gone | gone | padding |
//! | /proc/self/cmdline | any | gone | stays | gone | what the user typed |
//! | /proc/self/environ | any | gone | stays | gone | the same |
//! | /proc/self/fd | any | gone | stays | gone | it has the names of open files |
//! | folder of a host module | any | stays | gone | gone | `R` removes folders |
//! | host module | any | stays | stays | stays | symbols are looked up by it |
//! | reserved fields of a host module | any | gone | gone | gone | they have no meaning |
//! | Crashpad key | any | gone | stays | gone | programs put anything into annotations |
//! | Crashpad value | any | gone | stays | gone | the same |
//! | Crashpad list | any | gone | stays | gone | the same |
//! | Crashpad pair | any | gone | stays | gone | the same |
//! | Crashpad object | any | gone | stays | gone | the same |
//! | value of a Crashpad object | any | gone | stays | gone | the same |
//! | after a Crashpad string | any | gone | gone | gone | the text ends at its NUL |
//! | Crashpad padding | any | gone | gone | gone | padding |
//! | macOS crash information | any | gone | stays | gone | it has messages of libraries |
//! | unused record of macOS crash information | any | gone | gone | gone | beyond the record count |
//! | macOS boot arguments | any | gone | stays | gone | someone typed it |
//! | soft errors | any | gone | stays | gone | its contents are unknown |
//! | unused directory entry | any | gone | gone | gone | nothing refers to it |
//! | end of the file | any | gone | gone | gone | the same |
//!
//! With `r`, a stack word stays if it can be part of a stack trace, and becomes zero otherwise. It counts as a frame
//! pointer if it points into a thread's stack or to the end of one. It counts as a return address if the memory before
//! it is executable memory of a module and, where the dump has that code, a call instruction of the processor (x86,
//! AMD64, ARM, ARM64). Memory information entries, LinuxMaps lines and section headers in memory tell what is
//! executable; without any of these, all of a module is assumed to be. They also tell the extent of a module whose
//! recorded size is only that of one of its segments. ARM64 pointer signatures are ignored in the comparison and stay
//! in the word.
//!
//! Words that read as text do not stay: text on 32-bit stacks may happen to point into modules, and at most four
//! consecutive characters of it remain. Return addresses into code outside modules (generated code) stay only where a
//! chain of frame pointers that starts in a context leads to them (x86, AMD64, ARM64).
//!
//! With `r`, up to 0x200 bytes of code are kept on either side of the instruction pointers of contexts and, on Windows,
//! of exception addresses. On other systems the exception address is a data address or a number. Memory that the dump
//! describes as not executable is not code. What a function table refers to is kept, also with `R`, if it begins as
//! unwind data does.
//!
//! With `s` (triage), the result has no text that `r` or `R` would take out, and less of stacks and registers. A word
//! stays if it would stay with `r` and also points into a module or to memory of the result. Otherwise each of its
//! bytes becomes `0xaa`, unless it was zero; this is how the debugger describes a triage dump. The same holds for
//! general registers, including those of an exception. Floating-point and vector registers are filled with `0xaa`, and
//! so is a context whose layout is unknown. Bytes removed from other memory become zero, as with `r`. Stacks are
//! filtered down to their lowest address, even in memory that other options select, such as full memory. `y`, `a` and `A`
//! are refused, because they ask for extended contexts.
//!
//! What `i`, `p`, `w`, `d`, `c` and `e` add is not filtered, and neither is what `f` adds with `s`:
//! [`Report::unfiltered_memory`] gives its size, including code and unwind data outside modules. Full memory takes
//! precedence over `r`, as in the debugger ([`Report::filter_overruled`]); `R`, and what `r` and `R` have in common,
//! still apply. `/f` cannot be combined with either.
//!
//! Registers are valid if the flags of their context say so. Contexts whose flags name no register group, such as those
//! of Breakpad on macOS, keep the general registers; contexts of processors without a known layout are unchanged. An
//! extended state that cannot be read is cut off, even with `y`. With `R`, the names in the rows whose reason is "`R`
//! removes folders" are reduced to base names. Elsewhere, asterisks replace the [folders](#folders) and the user names
//! in them. In memory, only Mach-O load commands and the debug records of images that `e` or a preset keeps are
//! searched: asterisks replace the folders in them, and embedded PDBs are left out.
//!
//! With `r` and `R`, names, records and streams whose size is wrong and claims bytes of memory are left out, or cut
//! where the memory starts; object information of handles is treated this way with any letter. [`Report::faults`] lists
//! them. The same goes for those that share bytes with another name, record, context, stream or table: their owner is
//! unknown, so both are left out, except for lists and for contexts whose flags identify them. Without `r` and `R` they
//! are kept, and reported as faults as well.
//!
//! # Folders
//!
//! With `R`, modules, unloaded modules, host modules, link maps, the PDB files of CodeView records and the lines of
//! LinuxMaps keep only their base names. Names that a program gave its memory (`/memfd:`, `[anon:`, files in `/dev/shm`
//! and `/dev/ashmem`) become asterisks. Everything else in the result except memory is searched for the folders of
//! those files and of miscellaneous debug records, which are replaced by the same number of asterisks. A folder is
//! found
//!
//! - in UTF-8, in UTF-16 of either byte order at any position, and in 8-bit code pages. Dumps do not record their code
//!   page, so in a code page any non-ASCII character, of one or two bytes, matches any other; ASCII must match exactly;
//! - in upper, lower or mixed case, by the case mappings of Unicode without the language-specific ones; dotted and
//!   dotless `i` are equal;
//! - with slashes or backslashes, one or more of them, with percent escapes, and with JSON escapes;
//! - after any root: a drive letter (which is hidden as well), a device, a volume, a share, `\\?\`, `\??\`, `file:///`.
//!   A folder with a single component is found only after such a root, not within another path;
//! - if the next character is not an ASCII letter or digit, underscore or hyphen: `C:\app` is not found in `C:\app2`.
//!
//! The component after `Users`, `Documents and Settings` or `home` is the name of a user, who has other folders too. It
//! is replaced wherever it is a whole component of a path: `C:\Users\****\Desktop`. In a code page, there must also be
//! a separator or a colon earlier in the same text, and the name must not be valid UTF-8.
//!
//! The following are not found: short names (`LONGNA~1`), paths with `.` or `..` inside, characters that are composed
//! differently (`e` and an accent for `é`), names outside paths (`USER=anna`), names of less than three bytes including
//! their separator, anything compressed or encoded in another way, and folders that contain no file of these lists. The
//! cost of searching is limited to a multiple of the file size: what would take longer is left out, and reported as
//! [`Outcome::Filtered`] or as a fault.
//!
//! # Where we differ
//!
//! The engine is the debugger engine 10.0.29507 of 2026, when it re-encodes an open dump, and that of 2017, 10.0.15063,
//! if [requested](Engine). A year marks what only one of them does.
//!
//! | matter | engine | here |
//! |---|---|---|
//! | CodeView and miscellaneous debug records of modules | dropped | kept: nothing else identifies the symbols |
//! | name of a module that cannot be read | `Unknown_Module_` and its address | empty; listed in the report |
//! | order of the modules | by base address | as in the source: the first module is the program |
//! | reserved fields of modules and handles | zeroed | kept; zeroed with `r` and `R` |
//! | thread names, process and system memory counters | dropped (2017) or zeroed | kept |
//! | user shared data (2026), where the source has none | whatever bytes follow it | nothing |
//! | system folder in the user shared data, with `R` | kept | zeroed |
//! | headers and data directories of images (`e`) | none | those that the source has, as for a live process |
//! | unloaded modules beyond 10,000 (2026) | a dump that it can no longer re-encode | the newest 10,000; the report counts the others |
//! | handle operations with entries of less than 0x120 bytes (2026) | dropped, as all handle operations are | kept, each padded with zeros, because the engine refuses or ignores shorter ones; the report counts them |
//! | stack words that stay with `s` | all that point into modules or to memory of the dump, and those that point to objects whose first word does; text as well | those of them that stay with `r`; first words of objects only if the source is a triage dump |
//! | registers with `s` | those of exceptions and the parameter home fields stay | those of exceptions are filtered like those of threads |
//! | parts of stacks that other letters take, with `s` | not filtered; `s` is ignored with full memory (2017) | filtered |
//! | user shared data, with `s` | all of it stays | what stays with `r` |
//! | triage dump as a source | an ordinary dump, although its words stay filtered | a triage dump according to its flag, with the first words of objects, unless it gets all memory |
//! | processor trace | dropped | kept with `T` and `a` (2017: always) |
//! | exit status in thread information | zeroed | kept |
//! | thread information entries that the producer marked invalid | dropped | kept |
//! | priorities of threads without such an entry | zeroed | kept |
//! | object information of handles | dropped | kept |
//! | function tables | native descriptors blanked | byte for byte |
//! | unwind data that function tables refer to | only what is not at the end of a range; no chained records | all of it, clipped to what is there, with chained records |
//! | debugger build string in MiscInfo | its own | the source's |
//! | MiscInfo of a source without one | made up, with the process ID `0xf0f0f0f0` | absent |
//! | exception of a dump without one | made up: a breakpoint in the first thread | none, because other readers take it for a crash; made up with [`Options::with_made_up_records`] |
//! | memory information of a dump without any, with `F` | an entry for each range, all of them private data | code where section headers in memory and instruction pointers indicate it, private data elsewhere, because readers do not unwind frames in data; all of it data with [`Options::with_made_up_records`] |
//! | registers of an exception of which only the thread is named (`/xt`) | those of another thread | those of that thread |
//! | processor level and revision | blanked for ARM and ARM64; the top four bits of the revision for AMD64 | the source's |
//! | comments, streams of other producers, unknown streams | dropped | kept, with the file positions in them adjusted where they are known; unknown streams byte for byte, named in the report |
//! | a second stream of a type that a dump has once | ignored | ignored, and named in the report |
//! | several exception streams | the first | all, with a window for each address |
//! | extended state after a context | cut off, flags unchanged | cut off, its flag cleared; kept with `y` |
//! | stacks that `i` scans | the first one | all |
//! | what `p` adds | environment blocks of threads and process | also what the debugger writes for a live process: process parameters, environment, fiber-local storage; and loader data |
//! | private regions that touch at a multiple of 64 KiB | separate ranges | one range |
//! | stack whose bounds are not in the source's memory | none | the source's own descriptor |
//! | stack in use outside these bounds | none | kept in addition; the descriptor names the one that the stack pointer is not in, which leads to the other |
//! | stack pointer of an exception below that of its thread | the thread's is used | the lower one is used |
//! | file position of a stack that is part of a range, or in full memory | 0 | that of its bytes, below 4 GiB |
//! | instruction pointer of an exception that is not the exception address | no window | a window there too |
//! | module whose size its producer cut short | the size in the list | the size according to memory information or LinuxMaps |
//! | 32-bit stacks and registers of a 32-bit process in a 64-bit dump | none of them, and descriptors of the 64-bit stacks; for a live process only the 32-bit stacks, with their descriptors | both sides, with descriptors of the 32-bit stacks; also the code at the 32-bit instruction pointers, the saved registers, and the environment blocks that lead to them |
//! | what `i` and `p` add of a 32-bit process in a 64-bit dump | what 64-bit stacks point to, and the 64-bit environment blocks | also what the 4-byte words on the 32-bit stacks point to, and the 32-bit environment blocks with the process parameters |
//! | headers of images whose sections are taken | left out, so a second pass finds no sections | the first 512 bytes, and from the PE signature to the last section header |
//! | stack, window or section that is not inside one memory range | the whole dump fails, or the window or section is left out | read across adjacent ranges, clipped to what is there |
//! | order of the ranges of a memory list | that of a hash table | by address |
//! | memory without a memory information entry | dropped by `a` and `f` | kept |
//! | memory whose entry says free, reserved, guarded or inaccessible | dropped by `a` and `f` | kept: the source has it, so it was there and readable |
//! | part of a region of which another part is missing | `A` lists the region with size 0 | `A` keeps the part; the report lists what is missing |
//! | overlapping ranges without memory information | all written | each address once, by the rule of [`Memory`](crate::read::Memory) |
//! | addresses of 32-bit targets above 2 GiB | compared without masking, and so missed | masked for comparison; sign-extended in the result, or zero-extended for systems other than Windows |
//! | `r` | only sets its flag | follows [the contract](#what-r-r-and-s-take-out): stack words that can be neither return addresses nor frame pointers become zero, and so does what is outside modules in the gaps of joined ranges; streams that may hold what a user typed, the process parameters of `p` and vector registers are left out; the report counts what other options add unfiltered |
//! | `R` | base names in the module list | base names also of unloaded modules, PDBs, host modules, link maps and mapped files; in all other texts, asterisks replace [their folders](#folders) and the user names in them, and what would take too long to search is left out |
//! | image that Linux shares with all processes (`[vdso]`) | none | what the source has of it, if LinuxMaps lists it and it begins as an image does: it is not in any file, and debuggers need it to unwind its frames |
//! | full memory with a run of at least 64 KiB that does not change | directly behind what precedes it | behind up to 4,095 zeros, so that a file system can share its blocks with the source ([`Redump::write_to_file`]); not with [`Options::without_padding`] |
//! | dumps of other systems | the same made-up streams | no made-up exception, token or counters |
//! | unused directory entries, high half of the version field | 4 to 7 entries, its build number | none, 0 |
//! | `/f` of a dump | refused: only for a live process | written; the report lists what the source or the format lacks |
//! | Windows process without system information | refuses the dump | made up from the images in memory, if the contexts agree: the processor, and the version as far as it is known |
//! | service pack in a full user dump | left out | kept, from its version information |
//! | debug records of modules of a full user dump | left out | those of the images in memory |
//! | priorities of threads of a full user dump | zeroed | kept |
//! | modules of a full user dump without process environment block | none | those of its module table |
//! | modules of a full user dump above 2 GiB | addresses zero-extended | sign-extended, like all other addresses |
//! | memory that answers a question ([presets](#presets)) | none of it | each part for its own reason; the flags are those of the letters |
//! | source with compressed memory | engine 10.0.29507: `/ma` and `/mf` write it uncompressed, everything else fails | everything is written, uncompressed; the report lists buckets that cannot be unpacked |

mod accounts;
mod as_is;
mod carried;
mod carried_streams;
mod carry;
mod comments;
mod context_form;
mod edits;
mod engine;
mod exception_at;
mod exceptions;
mod filter;
mod first_places;
mod folders;
mod from_file;
mod full_user_dump;
mod hooks;
mod known_memory;
mod lldb_stop;
mod made_up;
mod minidump;
mod named_exception;
mod options;
mod overlaps;
mod preset_options;
mod presets;
mod ranges;
mod re_encoding;
mod readable_bytes;
mod record_lists;
mod record_rules;
mod report;
mod result_memory;
mod select;
mod shared_parts;
mod source;
mod system;
mod transcode;
mod unused_bytes;
mod unused_in_streams;
mod writing;

pub use edits::{ExceptionEdit, ModuleEdit, ThreadEdit, UnloadedModuleEdit};
pub use engine::Engine;
pub use hooks::Hooks;
pub use options::Options;
pub use presets::{Managed, Walk};
pub use re_encoding::{Redump, redump};
pub use report::{
    Addition, ItemFault, Loss, MissingMemory, Obstacle, OptionName, Outcome, Report, StreamReport, Unavailable,
    Undecided,
};
pub use select::reason::{Reason, SelectedMemory};

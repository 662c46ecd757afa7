//! Re-encoding: a dump goes in, and out comes the minidump that the debugger's `.dump /m` would have written, or the full
//! user dump of `.dump /f`.
//!
//! Three steps: the options select memory and streams, the source's records become the builder's, the plan is written.
//! [`redump`] does all; [`Redump`] stops before the last, so that size and report are known before the first byte.
//! [`Options::as_is`] selects nothing and lays out nothing anew: the result is the source, with what [`Hooks`] change.
//!
//! # What the options write
//!
//! | letters | header flags | streams | memory | what the source needs for it |
//! |---|---|---|---|---|
//! | none | `0x40000` | the base set | stacks, windows around instruction pointers, unwind data of generated code, data that the system shares with all processes (of Linux its image `[vdso]`); both sides of a [32-bit process in a 64-bit dump](#32-bit-processes-in-64-bit-dumps) | thread environment blocks or stack descriptors |
//! | `f` | `0x60002` | Memory64List in place of MemoryList | everything that the source has | full memory; without MemoryInfoList all ranges are taken |
//! | `F` | `0x40800` | MemoryInfoList | | that stream; without it, rows are made up of what is known (Windows) |
//! | `h` | `0x40004` | HandleData | | that stream |
//! | `t` | `0x41000` | ThreadInfoList | | that stream |
//! | `u` | `0x40020` | UnloadedModuleList | | that stream |
//! | `i` | `0x40040` | | `[p-0x100, p+0x300)` for each word `p` on a stack that points outside of modules | the memory that is pointed to |
//! | `p` | `0x40100` | | environment blocks of threads and process, process parameters and their strings, environment variables, loader data, fiber-local storage | Windows, and those pages |
//! | `w` | `0x40200` | | private memory that can be written or executed | MemoryInfoList or LinuxMaps; without either, every range is taken |
//! | `d` | `0x40001` | | sections of modules with data that can be written | section headers in memory, or LinuxMaps |
//! | `c` | `0x42000` | | sections of modules with code | the same |
//! | `y` | `0x240000` | | contexts keep their extended state | contexts that have it; `r` takes it out |
//! | `e` | `0xc0000` | | headers of images, what their data directories tell of, debug records | Windows, and headers in memory |
//! | `T` | `0x440000` | IptTrace | | that stream |
//! | `N` | `0x2040000` | | full memory of which bytes are missing is refused | |
//! | `P` | `0x800000` more | | none; goes with `A` alone | |
//! | `M` | `0x44000` | | none | |
//! | `D` | `0x40000` | | none | |
//! | `r` | `0x40008` | leaves out all that may hold what a user typed | zeroes the words of stacks and the registers that a stack trace does not need | |
//! | `R` | `0x40080` | names of modules without folders | | |
//! | `s` | `0x100080` | as `r` and `R` together, and no Token | words and registers that a stack trace does not need are `aa` | |
//! | `a`, `A` | `0x661826` | those of `fFhtuyT` | everything that the source has; goes on where a region's bytes are missing | full memory, or parts of it |
//! | `/as-is` | the source's | all, as they are | all, in the source's lists | a minidump |
//! | `/f` in place of `/m` | none | those of a [full user dump](#full-user-dumps) | as `A` | full memory |
//!
//! The debugger takes two letters more that are refused here: `C` leaves out all threads but one and the exception, `W`
//! takes some data sections and not others. [`RefusedLetter`](crate::RedumpError::RefusedLetter) says what to use in their place.
//!
//! These are the words of today's debugger, the [engine](Engine) of 2026. As that of 2017 ([`Options::parse_as`]) the
//! result has no data that the system shares with all processes, and
//!
//! | letters | header flags in 2017 | what is not the same |
//! |---|---|---|
//! | `f` | `0x40002` | missing memory is refused |
//! | `a` | `0x41826` | the same; contexts are cut to their fixed part |
//! | `A` | `0x61826` | contexts are cut to their fixed part |
//! | `p` | `0x40100` | less of the storage that is local to fibers |
//! | `T`, `N`, `P` | | not known; a trace comes along with every option |
//!
//! The base set is ThreadList, ModuleList, MemoryList, SystemInfo, MiscInfo and Exception (if the source has one, or one is
//! [named](Options::with_exception_pointers)) and, in dumps of Windows
//! processes, Token, SystemMemoryInfo and ProcessVmCounters. Function tables, thread names, comments and the streams
//! of other producers come along with every option.
//!
//! A stack is `[SP, StackBase)` by the thread environment block in the source's memory (x86: from 4 bytes below `ESP`
//! on), or all of it if the stack pointer is elsewhere; it is cut to the first and the last byte that the source has.
//! If the stack pointer of the thread's exception is lower, the stack begins there. A stack that the source's own
//! descriptor names outside of these bounds is kept too, and so is what is around a stack pointer that is in neither:
//! from there to the end of its row of the memory information, of its line of LinuxMaps, or of its range. No such stack
//! is in a module. A window is 128 bytes to either side of each thread's instruction pointer, of the exception's
//! address, and of the instruction pointer in the exception's context (ARM64: 512, ARM: 256). Sections are those of the
//! section headers that the source has in memory, in their virtual size; of Linux dumps, the lines of `/proc/self/maps`
//! for the files that are mapped at the bases of modules. Without headers or lines (dumps of macOS, those of Crashpad
//! on other systems than Windows) there are none. Ranges closer than 17 bytes to each other become one, with the bytes
//! between them.
//!
//! # Presets
//!
//! The debugger's letters name kinds of memory. Three options name the question that the dump is to answer, and go with any
//! letters; the flags in the header are those of the letters.
//!
//! | option | question | memory |
//! |---|---|---|
//! | [`Options::identify`] | Which builds ran? | of each image: headers, debug records, version resource; of ELF images headers and notes, of Mach-O images the load commands |
//! | [`Options::walk`] | Who called whom? | of each image that a stack word or an instruction pointer points into: the same, the exception directory (ELF: `.eh_frame_hdr` and `.eh_frame`), the unwind data of the functions that are pointed to, and 16 bytes of code (x86: 32) on both sides of each pointer; also of pointers to executable memory outside of images; with [`Walk::Names`] export directories |
//! | [`Options::managed`] | What did .NET do? | both, what `i` adds, and the memory that debuggers of .NET read; with [`Managed::Heap`] the heap as well |
//!
//! A stack is walked from tables in memory, as the debugger walks it: of a full dump of 29 MB, `/m` leaves 9 of 41 frames, and
//! `/m` with [`Options::walk`] all 41, in 177 KB. Where nothing describes the address space, code outside of images may be
//! anywhere but on stacks. With `r` and `s` only code, tables and identity of images are taken, nothing that was written to
//! memory, and words that are taken out are not followed.
//!
//! # 32-bit processes in 64-bit dumps
//!
//! A 64-bit program that dumps a 32-bit process (WOW64) dumps the 64-bit process that the program runs in. Of each thread
//! the result then has both stacks, and its descriptor is of the 32-bit one, as Windows and the debugger write it of a
//! running process: from `ESP` to the end of the stack, by the 32-bit thread environment block; without that block, what
//! the source's own descriptor names. A window is around the 32-bit instruction pointer as well. So that a debugger finds
//! the 32-bit registers (`.effmach x86`), the area in which the layer between the two widths saved them comes along, with
//! the 64-bit thread environment block that leads to it and the process environment blocks of both widths, and the start of
//! the 32-bit thread environment block. [`Wow64`](crate::read::system::wow64::Wow64) says what of these is believed.
//!
//! `i` scans 32-bit stacks in words of 4 bytes, and `p` takes the environment blocks of both widths and the process
//! parameters of the program. With `r` and `s`, words of each stack are filtered by their own size. Without `p`, nothing
//! stays of the environment blocks but addresses: the ends of the stacks, the blocks themselves, the base of the program
//! and the saved registers; of those, the ones that also stay of a thread's context.
//!
//! # Full user dumps
//!
//! As a **source**, a full user dump counts as the minidump that says the same, so that every letter does what it does to
//! one. What the format lacks comes out of the memory: of each module time stamp, checksum, version and debug records, if
//! its image is there; the time of the dump and the edition of Windows, from the page that the system shares with all
//! processes (`KUSER_SHARED_DATA`). Handles, unloaded modules, names and times of threads are in no full user dump.
//!
//! As a **result** (`/f`) it has the width of the target, and
//!
//! | part | from a minidump | from a full user dump |
//! |---|---|---|
//! | regions | what `/mA` writes: each with its row of the memory information or its line of LinuxMaps; memory that nothing describes as committed, private, readable and writable | as they are, those that the file cuts as far as they go |
//! | contexts | the fixed part of Windows' layout; of other layouts the registers of the same names | the same |
//! | debug event | the first exception, or a breakpoint in the first thread; at its first chance, for a minidump does not say | as it is |
//! | modules | by base address, names in Windows-1252 with question marks for what it lacks; in a `USERDUMP` only those whose images are in memory, if any are | as they are |
//! | version information | the service pack, `none` without one | as it is |
//!
//! Two things are as they are because the debugger refuses or misreads the file otherwise: it wants an image at each module
//! of a `USERDUMP`, and takes a guard page of a `USERDU64` for one without bytes, so that such a row loses its guard bit. It
//! also refuses a file without threads, modules or regions, and systems that it does not know (versions of macOS).
//! So a source without threads, modules or memory is [`Refused`](crate::RedumpError::Refused), and so is one of 32 bits without the image of
//! any module in memory; [`Options::forced`] writes the file all the same.
//!
//! The debugger refuses to write one from a dump; what it writes of a running process is what was measured. A full user
//! dump of a source without full memory misleads debuggers, which take what is missing for free memory:
//! [`Report::is_partial`] says so, [`Report::missing_memory`] what is known to be missing. Whatever else the format has no
//! place for is in the report, as [`Outcome::NoPlace`] or in [`Report::losses`].
//!
//! # Compressed memory
//!
//! With [`Options::compressed`] the selected memory, whatever the letters are, is in a CompressedMemory stream in place of a
//! list: buckets of 4 MiB, each a block of LZ4. The debugger opens such a dump since 10.0.29507 and calls it a full one; it
//! cannot write one, and neither can it make a small dump out of one. All else is what the same letters write without
//! compression, byte for byte but for the header's flags, the directory entry of the list and the positions of stacks.
//!
//! The size is not known before all is compressed: [`Redump::size`] and [`Report::size`] then give the most that it can be,
//! which is the size without compression and half a per cent. Of sinks that can be moved back, [`Redump::write_to_seekable`]
//! takes one pass; [`Redump::write_to`] takes two, and keeps what it compressed in memory if there is a redactor
//! ([`Hooks::redact`]), which sees each byte once.
//!
//! # What is lost
//!
//! The [`Report`] accounts for every difference between source and result that no option asks for. Each structure that is
//! encoded anew is compared with the bytes that it came from, and what differs is one of [`Report::losses`], by the name
//! of the field. Not counted are positions in the file, which differ by nature, the two forms of addresses of 32-bit
//! targets, and what the header says of the program that wrote it. What could not be read is in [`Report::faults`], or is
//! the [`Outcome`] of its stream; what the letters ask for and the source lacks is in [`Report::unserved`], what the
//! result has beyond the source in [`Report::additions`] and [`Report::made_up`].
//!
//! # What `r`, `R` and `s` take out
//!
//! Every place of a dump where text or other data of a user may be, and what becomes of it: the contract of the three options.
//! `gone` means that none of it is in the result, `stays` that all of it is, if the letter in the second column asks for
//! the place. With several options a place is gone if one of them takes it out. A test reads this table and plants words in each of
//! the places.
//!
//! | place | letter | `r` | `R` | `s` | why |
//! |---|---|---|---|---|---|
//! | stack | any | gone | stays | gone | numbers and text that no stack trace needs |
//! | end of the stack | any | gone | stays | gone | the same |
//! | 32-bit stack | any | gone | stays | gone | the same, of a 32-bit process in a 64-bit dump |
//! | end of the 32-bit stack | any | gone | stays | gone | the same |
//! | blocks of a 32-bit process | any | gone | stays | gone | no debugger needs more of them than addresses; what `p` and `w` ask for is in their rows |
//! | 32-bit register | any | stays | stays | gone | a stack trace begins with registers |
//! | vector register of 32-bit code | any | gone | stays | gone | programs copy text through them, and no stack trace needs them |
//! | code around an instruction | any | stays | stays | stays | without it no stack trace begins |
//! | memory at the address of an exception | any | gone | stays | gone | of other systems than Windows it is no code |
//! | memory that a pointer leads to | `i` | stays | stays | stays | asked for by its letter, [counted](Report::unfiltered_memory) |
//! | private memory | `w` | stays | stays | stays | the same |
//! | data section | `d` | stays | stays | stays | the same |
//! | code section | `c` | stays | stays | stays | the same |
//! | thread environment block | `p` | stays | stays | stays | the same |
//! | process environment block | `p` | stays | stays | stays | the same |
//! | process parameters | `p` | gone | stays | gone | what the user typed |
//! | command line | `p` | gone | stays | gone | the same |
//! | environment | `p` | gone | stays | gone | the same |
//! | headers of an image | `e` | stays | stays | stays | the same |
//! | version of an image | `e`, `identify` | stays | stays | stays | no process has written it |
//! | debug record of an image | `identify` | stays | stays | stays | the same |
//! | folder in a debug record of an image | `identify` | stays | gone | gone | asterisks replace it |
//! | PDB in a debug record of an image | `identify` | stays | stays | stays | symbols are found by it |
//! | debug record in memory that can be written | `identify` | gone | stays | gone | it need not be what the headers say |
//! | memory outside of an image that its headers name | `identify` | gone | stays | gone | the same |
//! | features of the processor | any | stays | stays | stays | describes the system, as do its version and the time |
//! | folder of the system | any | gone | gone | gone | no debugger needs it, and `R` is for it |
//! | other data that the system shares | any | gone | stays | gone | no debugger needs it |
//! | image that Linux shares | any | stays | stays | stays | code that is in no file |
//! | other memory | any | gone | gone | gone | no letter asks for it |
//! | register | any | stays | stays | gone | a stack trace begins with registers |
//! | vector register whose flag is set | any | gone | stays | gone | programs copy text through them, and no stack trace needs them |
//! | registers whose flag is clear | any | gone | gone | gone | not registers, but what the producer had in memory |
//! | homes of parameters | any | gone | gone | gone | the same |
//! | vector registers without a flag | any | gone | gone | gone | the same |
//! | padding of a context | any | gone | gone | gone | the same |
//! | extended registers | `y` | gone | stays | gone | they are vector registers |
//! | extended registers that are not present | `y` | gone | gone | gone | left over from another time |
//! | gap in the extended state | `y` | gone | gone | gone | the same |
//! | parameter of the exception | any | stays | stays | stays | it says what happened |
//! | parameter beyond their count | any | gone | gone | gone | not a parameter |
//! | text of LLDB about a stop | any | gone | gone | gone | it may quote the program; what LLDB itself says of a signal stays |
//! | padding of the exception | any | gone | gone | gone | padding |
//! | service pack | any | stays | stays | stays | describes the system |
//! | behind the service pack | any | gone | gone | gone | the text ends at its NUL |
//! | system information of LLDB | any | gone | gone | gone | left as it was in LLDB's memory, all but processor and system |
//! | what Wine says behind the system information | any | gone | gone | gone | nothing refers to it, so that it may be anybody's |
//! | behind what describes the processor | any | gone | gone | gone | unused part of a union |
//! | name of the time zone | any | stays | stays | stays | describes the system |
//! | name of daylight saving time | any | stays | stays | stays | the same |
//! | build of the system | any | stays | stays | stays | the same |
//! | build of the debugger | any | stays | stays | stays | the same |
//! | behind the name of the time zone | any | gone | gone | gone | the text ends at its NUL |
//! | behind the name of daylight saving time | any | gone | gone | gone | the same |
//! | behind the build of the system | any | gone | gone | gone | the same |
//! | behind the build of the debugger | any | gone | gone | gone | the same |
//! | MiscInfo field whose flag is clear | any | gone | gone | gone | not filled in |
//! | MiscInfo entry of no extended register | any | gone | gone | gone | no such size exists |
//! | folder of a module | any | stays | gone | gone | what `R` is for |
//! | module | any | stays | stays | stays | symbols are found by it |
//! | behind the name of a module | any | gone | gone | gone | the text ends at its NUL |
//! | reserved fields of a module | any | gone | gone | gone | they have no meaning |
//! | version of a module without its signature | any | gone | gone | gone | not a version |
//! | folder of a PDB | any | stays | gone | gone | what `R` is for |
//! | name of a user behind Users | any | stays | gone | gone | a folder of a module has it, and it is hidden in every path |
//! | name of a user behind home | any | stays | gone | gone | the same |
//! | PDB | any | stays | stays | stays | symbols are found by it |
//! | behind the name of a PDB | any | gone | gone | gone | the text ends at its NUL |
//! | debug file | any | stays | stays | stays | symbols are found by it |
//! | behind the name of a debug file | any | gone | gone | gone | the text ends at its NUL |
//! | folder of an unloaded module | `u` | stays | gone | gone | what `R` is for |
//! | unloaded module | `u` | stays | stays | stays | asked for by its letter |
//! | behind the name of an unloaded module | `u` | gone | gone | gone | the text ends at its NUL |
//! | thread | any | stays | stays | stays | names of threads say what the threads do |
//! | behind the name of a thread | any | gone | gone | gone | the text ends at its NUL |
//! | error of a thread without one | `t` | gone | gone | gone | not filled in |
//! | times of a thread that could not be examined | `t` | gone | gone | gone | the same |
//! | padding of a region | `F` | gone | gone | gone | padding |
//! | type of a handle | `h` | stays | stays | stays | asked for by its letter |
//! | object of a handle | `h` | stays | stays | stays | the same |
//! | record of a handle | `h` | stays | stays | stays | the same |
//! | behind the object of a handle | `h` | gone | gone | gone | the text ends at its NUL |
//! | reserved field of a handle | `h` | gone | gone | gone | it has no meaning |
//! | token | any | stays | stays | gone | rights of the process |
//! | behind the last token | any | gone | gone | gone | beyond the list |
//! | entries of a function table | any | stays | stays | stays | needed for unwinding |
//! | unwind data of a function table | any | stays | stays | stays | the same |
//! | system's record of a function table | any | gone | gone | gone | the debugger blanks it, too |
//! | padding of a function table | any | gone | gone | gone | padding |
//! | behind the memory of the system | any | gone | gone | gone | beyond the structure |
//! | behind the memory of the process | any | gone | gone | gone | the same |
//! | handle operations | any | gone | stays | gone | nobody needs them for a stack trace |
//! | script | any | gone | stays | gone | not described |
//! | trace | `T` | gone | stays | gone | the same |
//! | comment in ANSI | any | gone | stays | gone | somebody typed it |
//! | comment in UTF-16 | any | gone | stays | gone | the same |
//! | behind a comment | any | gone | gone | gone | the text ends at its NUL |
//! | stream of a program | any | gone | stays | gone | not described |
//! | stream of nobody | any | gone | stays | gone | the same |
//! | stream that is too short | any | gone | stays | gone | with `r` it must be what it claims to be |
//! | thread IDs of Breakpad that do not count | any | gone | gone | gone | not filled in |
//! | assertion | any | gone | stays | gone | somebody wrote it |
//! | behind an assertion | any | gone | gone | gone | the text ends at its NUL |
//! | /proc/cpuinfo | any | stays | stays | stays | describes the system |
//! | /proc/self/status | any | stays | stays | stays | describes the process |
//! | /proc/self/stat | any | stays | stays | stays | describes the process |
//! | /etc/lsb-release | any | stays | stays | stays | describes the system |
//! | /proc/self/limits | any | stays | stays | stays | describes the process |
//! | /proc/uptime | any | stays | stays | stays | describes the system |
//! | behind a text of Linux | any | gone | gone | gone | the text ends at its NUL |
//! | auxiliary vector | any | stays | stays | stays | addresses and sizes |
//! | behind the auxiliary vector | any | gone | gone | gone | beyond its end |
//! | folder of a mapped file | any | stays | gone | gone | what `R` is for |
//! | mapped file | any | stays | stays | stays | symbols are found by it |
//! | name of anonymous memory | any | stays | gone | gone | the program named it |
//! | name of shared memory | any | stays | gone | gone | the same |
//! | folder of a shared object | any | stays | gone | gone | what `R` is for |
//! | shared object | any | stays | stays | stays | symbols are found by it |
//! | behind the dynamic section | any | gone | gone | gone | beyond its end |
//! | padding of a shared object | any | gone | gone | gone | padding |
//! | /proc/self/cmdline | any | gone | stays | gone | what the user typed |
//! | /proc/self/environ | any | gone | stays | gone | the same |
//! | /proc/self/fd | any | gone | stays | gone | names of open files |
//! | folder of a host module | any | stays | gone | gone | what `R` is for |
//! | host module | any | stays | stays | stays | symbols are found by it |
//! | reserved fields of a host module | any | gone | gone | gone | they have no meaning |
//! | key of Crashpad | any | gone | stays | gone | annotations are what the program likes |
//! | value of Crashpad | any | gone | stays | gone | annotations are what the program likes |
//! | list of Crashpad | any | gone | stays | gone | annotations are what the program likes |
//! | pair of Crashpad | any | gone | stays | gone | annotations are what the program likes |
//! | object of Crashpad | any | gone | stays | gone | annotations are what the program likes |
//! | value of an object of Crashpad | any | gone | stays | gone | annotations are what the program likes |
//! | behind a text of Crashpad | any | gone | gone | gone | the text ends at its NUL |
//! | padding of Crashpad | any | gone | gone | gone | padding |
//! | crash of a Mac | any | gone | stays | gone | messages of libraries |
//! | unused record of the crash of a Mac | any | gone | gone | gone | beyond their count |
//! | boot of a Mac | any | gone | stays | gone | what somebody typed |
//! | soft errors | any | gone | stays | gone | not described |
//! | unused directory entry | any | gone | gone | gone | nothing leads to it |
//! | end of the file | any | gone | gone | gone | the same |
//!
//! With `r`, a word of a stack stays if it can be part of a stack trace; all others become zero. It is a frame pointer if
//! it points into a thread's stack or to its end. It is a return address if it follows executable memory of a module and,
//! where the dump has the code before it, a call of the processor (x86, AMD64, ARM, ARM64). What is executable say rows of
//! memory information, lines of LinuxMaps and section headers in memory; where none of these is there, all of a module
//! may be. They also tell how far a module reaches whose size is that of one of its segments. Signatures of ARM64 do not
//! count, and stay with the word. Words that read as text do not stay: of texts that point into modules by chance, as
//! they do on 32-bit stacks, no more than four characters in a row are left. Return addresses into code outside of
//! modules (generated code) stay where the frame pointers lead to them that start in a context (x86, AMD64, ARM64); others
//! go.
//!
//! With `r`, code is kept around instruction pointers of contexts and, of Windows, the addresses of exceptions. On other
//! systems that address is one of memory, or a number; and what the dump calls memory that cannot be executed is no code.
//! What a function table leads to is kept, also with `R`, if it begins as unwind data does.
//!
//! With `s` (triage) the result has no text that `r` or `R` would take out, and more is gone of stacks and registers. A
//! word stays if it would with `r`, and points into a module or to memory of the result. It is `0xaa` in each byte
//! otherwise, unless it was zero: so the debugger explains it. The same holds for general registers, those of an exception as
//! well; floating point and vector registers are `0xaa`, and so is all of a context whose layout is not known. What is taken
//! out of other memory is zero, as with `r`. Stacks are filtered down to their lowest address, whatever other options take
//! of them, full memory included. Extended contexts do not go with it, so that `y`, `a` and `A` are refused.
//!
//! So up to 0x200 bytes to either side of an instruction stay.
//! What `i`, `p`, `w`, `d`, `c` and `e` add is not filtered, and with `s` neither is what `f` adds:
//! [`Report::unfiltered_memory`] says how much that is, and how much
//! code and unwind data lies outside of modules. Full memory wins over `r`, as in the debugger:
//! [`Report::filter_overruled`]; `R` and what both have in common count all the same. With `/f` there is neither.
//!
//! Registers are valid if the flags of their context say so. Contexts whose flags name no group of registers, as those of
//! Breakpad on macOS, keep the general ones; those of processors without a known layout stay as they are. An extended
//! state that cannot be read is cut off, even with `y`. With `R`, the names of the rows that end in "what `R` is for" are
//! base names; asterisks replace the [folders](#folders) wherever else they are written out, and the names of users in them.
//! Of memory only the debug records of images are searched that `e` or a preset keeps, and load commands of Mach-O: asterisks
//! replace the folders in them, and embedded PDBs are left out.
//!
//! Names, records and streams that claim bytes of memory by a false size are left out with `r` and `R`, or cut where the
//! memory starts, and so is object information of handles with any letter; [`Report::faults`] says which. So it is with
//! those that share bytes with another name, record, context, stream or table: whose the bytes are is not known, and both
//! are left out, but for lists, and for contexts whose flags say what they are. Without `r` and `R` they are kept, and are
//! faults all the same.
//!
//! # Folders
//!
//! With `R`, modules, unloaded modules, host modules, link maps, the PDB files of CodeView records and the lines of
//! LinuxMaps keep only their base names. Names that a program gave its memory (`/memfd:`, `[anon:`, files in `/dev/shm` and
//! `/dev/ashmem`) become asterisks. Everything else that the result takes over, except memory, is searched for the folders
//! of those files and of miscellaneous debug records, and asterisks of the same size replace them. A folder is found
//!
//! - in UTF-8, in UTF-16 of either byte order at any position, and in 8-bit code pages. No dump records its code page, so
//!   there any character outside of ASCII matches any other, with one or two bytes each; ASCII must match exactly;
//! - in upper, lower or mixed case, by the case mappings of Unicode without those of single languages; `i` with and without
//!   its dot are the same;
//! - with slashes or backslashes, one or more of them, with percent escapes, and with the escapes of JSON;
//! - behind any root: a drive letter (which is hidden as well), a device, a volume, a share, `\\?\`, `\??\`, `file:///`. A
//!   folder of a single component is found only behind such a root, not within another path;
//! - if no ASCII letter or digit, underscore or hyphen follows: `C:\app` is not found in `C:\app2`.
//!
//! The component behind `Users`, `Documents and Settings` or `home` is the name of a user, who has other folders, too. It is
//! replaced wherever it is a whole component of a path: `C:\Users\****\Desktop`. In a code page
//! there must also be a separator or a colon earlier in the same text, and the name must not be valid UTF-8.
//!
//! Not found are: short names (`LONGNA~1`), paths with `.` or `..` inside, letters that are composed differently
//! (`e` and an accent for `é`), names outside of paths (`USER=anna`), names of fewer than three bytes with their separator,
//! anything compressed or encoded otherwise, and folders in which no file of these lists is. Searching costs a multiple of
//! the size of the file at most: what would take longer is left out, as [`Outcome::Filtered`] or as a fault in the report.
//!
//! # Where we differ
//!
//! The engine is the debugger engine 10.0.29507 of 2026, asked what it writes when it re-encodes an open dump, and that of
//! 2017, 10.0.15063, if [it is asked for](Engine). What only one of them does says its year.
//!
//! | matter | engine | here |
//! |---|---|---|
//! | CodeView and miscellaneous debug records of modules | dropped | kept: nothing else identifies the symbols |
//! | name of a module that cannot be read | `Unknown_Module_` and its address | empty; the report says which |
//! | order of the modules | by base address | the source's: the first module is the program |
//! | reserved fields of modules and handles | zeroed | kept; zeroed with `r` and `R` |
//! | thread names, process and system memory counters | dropped (2017) or zeroed | kept |
//! | data that the system shares with all processes (2026), where the source has none | what lies behind it, whatever it is | nothing |
//! | folder of the system in that data, with `R` | kept | zero |
//! | headers and data directories of images (`e`) | none | those that the source holds, as of a running process |
//! | unloaded modules beyond 10,000 (2026) | a dump that it cannot re-encode any more | the newest 10,000; the report counts the others |
//! | handle operations whose entries have fewer than 0x120 bytes (2026) | dropped, as all of them | kept, with zeros behind each: shorter ones make it refuse or ignore them; the report counts them |
//! | words that stay of stacks with `s` | all that point into modules or to memory of the dump, and to objects whose first word does, text as well | those of them that stay with `r`; first words of objects only if the source is a triage dump |
//! | registers with `s` | those of exceptions stay, homes of parameters as well | filtered as those of threads are |
//! | parts of stacks that other letters take, with `s` | not filtered; with full memory, `s` counts for nothing (2017) | filtered |
//! | data that the system shares with all processes, with `s` | all of it stays | what stays with `r` |
//! | triage dump as a source | an ordinary dump, though its words stay filtered | a triage dump by its flag, with the words of objects, unless it gets all memory |
//! | trace of the processor | dropped | kept with `T` and `a` (2017: always) |
//! | exit status in thread information | zeroed | kept |
//! | rows of thread information that the producer marked invalid | dropped | kept |
//! | priorities of threads without such a row | zeroed | kept |
//! | object information of handles | dropped | kept |
//! | function tables | native descriptors blanked | byte for byte |
//! | unwind data that function tables lead to | only what does not lie at the end of a range; no chained records | all, clipped to what is there, with chained records |
//! | debugger build string in MiscInfo | its own | the source's |
//! | MiscInfo of a source without one | made up, with the process id `0xf0f0f0f0` | absent |
//! | exception of a dump without one | made up, a breakpoint in the first thread | none: other readers take it for a crash; made up with [`Options::with_made_up_records`] |
//! | memory information of a dump without any, with `F` | a row for each range, all private data | what section headers in memory and instruction pointers tell, private data elsewhere: readers unwind no frame into data; all data with [`Options::with_made_up_records`] |
//! | registers of an exception of which only the thread is named (`/xt`) | those of another thread | those of that thread |
//! | processor level and revision | blanked for ARM and ARM64, the revision's top four bits for AMD64 | the source's |
//! | comments, streams of other producers, unknown streams | dropped | carried, with the file offsets in them moved where they are known; unknown streams byte for byte, named in the report |
//! | a second stream of a kind that a dump has once | ignored | ignored, and named in the report |
//! | several exception streams | the first | all, with a window for each address |
//! | extended state behind a context | cut off, flags unchanged | cut off, the flag for it cleared; kept with `y` |
//! | stacks that `i` scans | the first one | all |
//! | what `p` adds | environment blocks of threads and process | also what the debugger writes of a running process: process parameters, environment, fiber-local storage; and loader data |
//! | private regions that touch at a multiple of 64 KiB | ranges of their own | one range |
//! | stack whose bounds the source's memory does not tell | none | the source's own descriptor |
//! | stack in use that is not within these bounds | none | kept beside the other one; the descriptor names the one that the stack pointer is not in, which leads to the other |
//! | stack pointer of an exception below that of its thread | the thread's counts | the lower one counts |
//! | position of a stack that is part of a range, or in full memory | 0 | that of its bytes, below 4 GiB |
//! | instruction pointer of an exception, where its address is another | no window | a window there, too |
//! | module whose size its producer cut short | as far as the list says | as far as memory information or LinuxMaps say |
//! | 32-bit stacks and registers of a 32-bit process in a 64-bit dump | none of them, and descriptors of the 64-bit stacks; 32-bit stacks alone, with their descriptors, of a running process | both sides, with descriptors of the 32-bit stacks; also the code at the 32-bit instruction pointers, the saved registers, and the environment blocks that lead to them |
//! | what `i` and `p` add of a 32-bit process in a 64-bit dump | what 64-bit stacks point to, and the 64-bit environment blocks | also what words of 4 bytes on the 32-bit stacks point to, and the 32-bit environment blocks with the process parameters |
//! | headers of images whose sections are taken | left out, so that a second pass finds no sections | the first 512 bytes, and from the PE signature to the last section header |
//! | stack, window or section that is not inside one memory range | the whole dump fails; window or section is left out | read across ranges that touch, clipped to what is there |
//! | order of the ranges of a memory list | that of a hash table | by address |
//! | memory that no memory information row describes | dropped by `a` and `f` | kept |
//! | memory that a row calls free, reserved, guarded or inaccessible | dropped by `a` and `f` | kept: the source has it, so that it was there and could be read |
//! | part of a region of which another part is missing | `A` lists the region with size 0 | `A` keeps the part; what is missing is in the report |
//! | overlapping ranges without memory information | all written | each address once, by the rule of [`Memory`](crate::read::Memory) |
//! | addresses of 32-bit targets above 2 GiB | compared as they stand, and so missed | masked to compare; on output sign-extended, of other systems than Windows extended with zeros |
//! | `r` | sets its flag, no more | what [the contract](#what-r-r-and-s-take-out) says: words of stacks that can be neither return addresses nor frame pointers are zero, and so is what lies outside of modules in the gaps of joined ranges; streams that may hold what a user typed are left out, of `p` the process parameters, and vector registers; the report tells what other options add unfiltered |
//! | `R` | base names in the module list | base names also of unloaded modules, PDBs, host modules, link maps and mapped files; in all other texts asterisks stand for [their folders](#folders) and the users named in them, and what would take too long to search is left out |
//! | image that Linux shares with all processes (`[vdso]`) | none | what the source has of it, where LinuxMaps say so and it begins as an image does: it is in no file, and debuggers unwind its frames by it |
//! | dumps of other systems | the same made-up streams | no made-up exception, token or counters |
//! | unused directory entries, high half of the version word | 4 to 7, its build number | none, 0 |
//! | `/f` of a dump | refused: only of a running process | written; what the source or the format lacks is in the report |
//! | system information of a Windows process that has none | refuses the dump | made up from the images in memory, if contexts agree: processor, and version as far as it is known |
//! | service pack in a full user dump | left out | taken over, from its version information |
//! | debug records of modules of a full user dump | left out | those of the images in memory |
//! | priorities of threads of a full user dump | zeroed | kept |
//! | modules of a full user dump without process environment block | none | those of its table |
//! | modules of a full user dump above 2 GiB | addresses extended with zeros | sign-extended, as all other addresses |
//! | memory that answers a question ([presets](#presets)) | none of it | each part for a reason of its own; the flags stay those of the letters |
//! | source with compressed memory | engine 10.0.29507: `/ma` and `/mf` write it plain, everything else fails | everything is written, of plain memory; buckets that cannot be unpacked are in the report |

mod accounts;
mod as_is;
mod carried;
mod carried_streams;
mod carry;
mod comments;
mod context_form;
mod edited_memory;
mod edited_records;
mod edits;
mod engine;
mod exception_at;
mod exceptions;
mod filter;
mod first_places;
mod folders;
mod full_user_dump;
mod gapless_runs;
mod hooks;
mod known_memory;
mod lldb_stop;
mod made_up;
mod minidump;
mod named_exception;
mod new_memory;
mod options;
mod overlaps;
mod preset_options;
mod presets;
mod re_encoding;
mod record_lists;
mod record_rules;
mod report;
mod result_memory;
mod select;
mod shared_parts;
mod source;
mod system;
mod transcode;
mod understood;
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
    Addition, Hindrance, ItemFault, Loss, MissingMemory, OptionName, Outcome, Report, StreamReport, Undecided, Unserved,
};
pub use select::reason::{Reason, SelectedMemory};

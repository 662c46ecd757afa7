"""A small reader of minidumps that shares nothing with the library: memory, registers by name, and places to damage."""
import struct
from pathlib import Path

THREADS, MODULES, MEMORY, EXCEPTION, SYSTEM, MEMORY64 = 3, 4, 5, 6, 7, 9
X86, ARM64, AMD64 = 0, 12, 9
# Offsets of the general registers and of the flags that say which others a context has.
_AMD64 = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', *(f'r{n}' for n in range(8, 16)), 'rip']
_X86 = ['edi', 'esi', 'ebx', 'edx', 'ecx', 'eax', 'ebp', 'eip', 'cs', 'eflags', 'esp', 'ss']
_ARM64 = [*(f'x{n}' for n in range(31)), 'sp', 'pc']
LAYOUTS = {
    AMD64: {'flags': ('<I', 0x30), **{name: ('<Q', 0x78 + 8 * n) for n, name in enumerate(_AMD64)}},
    X86: {'flags': ('<I', 0), **{name: ('<I', 0x9c + 4 * n) for n, name in enumerate(_X86)}},
    ARM64: {'flags': ('<I', 0), **{name: ('<Q', 8 + 8 * n) for n, name in enumerate(_ARM64)}},
}
# The bit of these flags that stands for extended state behind the fixed part.
EXTENDED = 0x40


class Minidump:
    def __init__(self, path):
        self.data = Path(path).read_bytes()
        self.streams = {}
        if self.data[:4] == b'MDMP':
            count, at = self.read('<II', 8)
            for kind, size, position in (self.read('<III', at + 12 * n) for n in range(count)):
                self.streams.setdefault(kind, (position, size))

    def read(self, form, at):
        return struct.unpack_from(form, self.data, at)

    def _records(self, kind, size):
        """Positions of the records of a list; some producers have four bytes of padding behind the count."""
        if kind not in self.streams:
            return []
        at, stream_size = self.streams[kind]
        count, = self.read('<I', at)
        return [at + (8 if stream_size == 8 + size * count else 4) + size * n for n in range(count)]

    def ranges(self):
        """Memory: (start, size, position in the file)."""
        found = [self.read('<QII', at) for at in self._records(MEMORY, 16)]
        if MEMORY64 in self.streams:
            at, _ = self.streams[MEMORY64]
            count, position = self.read('<QQ', at)
            for start, size in (self.read('<QQ', at + 16 + 16 * n) for n in range(count)):
                found.append((start, size, position))
                position += size
        return found

    def processor(self):
        return self.read('<H', self.streams[SYSTEM][0])[0] if SYSTEM in self.streams else None

    def threads(self):
        return self._records(THREADS, 48)

    def contexts(self):
        """Positions of the contexts, including that of the exception."""
        found = [self.read('<II', at + 40) for at in self.threads()]
        if EXCEPTION in self.streams:
            found.append(self.read('<II', self.streams[EXCEPTION][0] + 160))
        return [position for size, position in found if size]

    def names(self):
        """Positions of the module names, and the names."""
        found = []
        for at in self._records(MODULES, 108):
            position, = self.read('<I', at + 20)
            size, = self.read('<I', position)
            found.append((position, self.data[position + 4:position + 4 + size].decode('utf-16-le', 'replace')))
        return found


def registers(processor, context):
    """General registers by name, the flags, and the rest of a context; without a known layout everything is the rest."""
    layout = LAYOUTS.get(processor, {})
    general, rest = {}, bytearray(context)
    for name, (form, at) in layout.items():
        if at + struct.calcsize(form) <= len(context):
            general[name], = struct.unpack_from(form, context, at)
            rest[at:at + struct.calcsize(form)] = bytes(struct.calcsize(form))
    return general, general.pop('flags', 0), bytes(rest)


def damaged(path, what):
    """A copy of a dump with one thing wrong: a register, a byte of memory, a module name, or a thread ID."""
    dump = Minidump(path)
    data = bytearray(dump.data)
    if what == 'register':
        form, offset = LAYOUTS[dump.processor()]['rbx']
        for at in dump.contexts():
            data[at + offset + 1] ^= 0x40
    elif what in ('memory', 'full memory'):
        # Near the start of a range: what is read there is neither an instruction nor a return address.
        start, size, position = max(dump.ranges(), key=lambda it: it[1])
        data[position + 5] = 0x5a if data[position + 5] != 0x5a else 0xa5
    elif what == 'module':
        position, name = dump.names()[0]
        data[position + 4 + 2 * (len(name) - 6)] ^= 1
    elif what == 'thread':
        data[dump.threads()[-1]] ^= 1
    elif what == 'cut':
        del data[len(data) // 3:]
    return bytes(data)

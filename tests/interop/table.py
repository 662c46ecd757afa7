"""The table of cells in `README.md`: written by `run --write`, and compared with what a run finds."""
import re
from collections import Counter

import tools
from consumers import CONSUMERS
from rules import LETTERS, RULES
from sources import SOURCES

README = tools.HERE / 'README.md'
NOT_RUN = '–'

HEAD = '''# Neighbours

What other programs make of re-encoded dumps. This file is written by `tests/interop/run --all --write`; do not edit it.

A cell is one source, one consumer, and one set of letters: {letters}. It passes if
the consumer reads the result without an error or warning that it does not have for the source, and reports the same threads,
registers, frames and modules, and the same bytes for all memory of the result. In the table, `new` means that only the result
can be read, `n/a` that neither can, and a word in bold is a [known difference](#known-differences). Differences that the letters
ask for, by the [rules](#rules), do not count. {counts}

Dumps of Linux processes are made with an empty environment, and never committed. Sources of the corpus need
`USERDUMP_SHARED`. `.ci/run` asks the consumers and makes the sources that can be installed quickly; with `CI_SYSTEMS=all` it
does everything.

How to add a source, a consumer or a known difference is in [CONTRIBUTING.md](../../CONTRIBUTING.md#add-a-neighbour).
'''


def _row(*cells):
    return '| ' + ' | '.join(cells) + ' |'


def _table(head, rows):
    return '\n'.join([_row(*head), _row(*('---' for _ in head)).replace(' ', ''), *(_row(*it) for it in rows)])


def _cell(states):
    """`pass; new: /mA`: the most frequent state first, without its letters."""
    if not states:
        return NOT_RUN
    (common, _), = Counter(states.get(it, NOT_RUN) for it in LETTERS).most_common(1)
    others = {}
    for letters in LETTERS:
        state = states.get(letters, NOT_RUN)
        if state != common:
            others.setdefault(state, []).append(letters)
    return '; '.join([_shown(common), *(f'{_shown(state)}: {" ".join(which)}' for state, which in others.items())])


def _shown(state):
    return state if state in ('pass', 'new', 'n/a', 'FAIL', NOT_RUN) else f'**{state}**'


def _states(cell):
    """The inverse of `_cell`."""
    first, *others = cell.replace('**', '').split('; ')
    states = {} if first == NOT_RUN else dict.fromkeys(LETTERS, first)
    for other in others:
        state, _, letters = other.partition(': ')
        states.update(dict.fromkeys(letters.split(), state))
    return {letters: state for letters, state in states.items() if state != NOT_RUN}


def _read():
    """The cells and versions in the file."""
    states, versions = {}, {}
    lines = README.read_text(encoding='utf-8').splitlines() if README.exists() else []
    section, names = '', []
    for line in lines:
        cells = [it.strip() for it in line.strip('|').split(' | ')]
        if line.startswith('## '):
            section, names = line[3:], []
        elif not line.startswith('| ') or line.startswith('|---'):
            continue
        elif not names:
            names = cells
        elif section == 'Cells':
            for consumer, cell in zip(names[1:], cells[1:]):
                states.update({(cells[0], consumer, letters): state for letters, state in _states(cell).items()})
        elif section in ('Sources', 'Consumers'):
            versions[f'{section[:-1].lower()} {cells[0]}'] = cells[-1]
    return states, versions


def _render(states, versions, known):
    count = Counter('known' if it not in ('pass', 'new', 'n/a', 'FAIL') else it for it in states.values())
    counts = (f'Of {len(states)} cells {count["pass"]} pass, {count["new"]} are new, {count["n/a"]} not applicable, '
              f'{count["known"]} known, and {count["FAIL"]} fail.')
    cells = []
    for source in SOURCES:
        row = [{letters: states[source.name, it.name, letters] for letters in LETTERS
                if (source.name, it.name, letters) in states} for it in CONSUMERS]
        cells.append([source.name, *map(_cell, row)])
    head = HEAD.format(letters=', '.join(f'`{it}`' for it in LETTERS), counts=counts)
    quick = {True: 'always', False: 'all'}
    sections = {
        'Cells': _table(['source', *(it.name for it in CONSUMERS)], cells),
        'Sources': _table(['source', 'producer', 'run', 'version'],
                          [[it.name, it.producer, quick[it.quick], versions.get(f'source {it.name}', NOT_RUN)]
                           for it in SOURCES]),
        'Consumers': _table(['consumer', 'program', 'run', 'version'],
                            [[it.name, it.program, quick[it.quick], versions.get(f'consumer {it.name}', NOT_RUN)]
                             for it in CONSUMERS]),
        'Known differences': 'From `known.tsv`; letters and kinds of differences are there.\n\n' + _table(
            ['word', 'consumer', 'sources', 'letters', 'whose', 'reason'],
            [[it.word, it.consumer, it.sources.replace('*', r'\*'), it.letters, it.fault, it.reason] for it in known.entries]),
        'Rules': '\n'.join(f'- {text}' for text in dict.fromkeys(it.text for it in RULES)),
    }
    return head + ''.join(f'\n## {title}\n\n{text}\n' for title, text in sections.items())


def update(states, versions, known, write):
    """Compares the file with what was found, or writes it. A tool of another version may find something else: what it found
    is compared only if it is written."""
    old_states, old_versions = _read()
    new_states, new_versions, told = dict(old_states), dict(old_versions), []
    different = {it: version for it, version in versions.items() if old_versions.get(it, version) != version}
    if write:
        new_versions.update(versions)
        different = {}
    else:
        new_versions.update({it: version for it, version in versions.items() if it not in old_versions})
        told += [f'note: {it} is of version {version} here, of {old_versions[it]} in the table'
                 for it, version in different.items()]
    changed = []
    for (source, consumer, letters), state in states.items():
        if f'source {source}' not in different and f'consumer {consumer}' not in different:
            if old_states.get((source, consumer, letters)) != state:
                changed.append(f'stale table: {source} {letters} {consumer}: '
                               f'{old_states.get((source, consumer, letters), "not there")}, now {state}')
            new_states[source, consumer, letters] = state
    names = {it.name for it in SOURCES}, {it.name for it in CONSUMERS}
    new_states = {it: state for it, state in new_states.items() if it[0] in names[0] and it[1] in names[1]}
    text = _render(new_states, new_versions, known)
    if write:
        README.write_text(text, encoding='utf-8')
        return told
    if not README.exists() or README.read_text(encoding='utf-8') != text:
        told += [*changed, 'stale table: README.md does not say this; `tests/interop/run --all --write` makes it anew']
    return told

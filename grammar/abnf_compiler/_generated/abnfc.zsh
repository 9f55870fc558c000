#compdef abnfc
# Completion for abnfc; generated from its arguments by `make generate`, do not edit.
_abnfc() {
  local curcontext=$curcontext state line
  local -a commands
  _arguments -C \
    '-h[show this help message and exit]' \
    '--help[show this help message and exit]' \
    '--completion[print what completes commands in a shell, for eval "$(abnfc --completion bash)"]:COMPLETION:(bash zsh fish)' \
    '1: :->command' '*:: :->rest'
  case $state in
  command)
    commands=(
      'check:read grammars and say what is wrong with them'
      'explain:say what a finding means, with examples'
      'match:match a string with a rule'
      'parse:show the rules in a string as a tree'
      'extract:take the ABNF out of drafts and RFCs - xml2rfc XML, text, Markdown'
      'fmt:lay grammars out - columns, line breaks, blanks; comments stay as they are'
      'diff:compare what two grammars accept, rule by rule'
      'sentences:write strings that a rule accepts, or just refuses'
      'coverage:measure what a set of strings shows of a rule'
      'lark:write the grammar for Lark'
      'python:write a Python module that parses the start rules'
      'javascript:write a JavaScript module that parses the start rules'
      'regex:write a rule as a regular expression of linear time'
      'railroad:draw a rule as a railroad diagram'
    )
    _describe -t commands 'abnfc command' commands ;;
  rest)
    case $words[1] in
    check) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' '*:FILE:_files' '*--library[where imported documents are, after borrowed/ beside FILE; may be given again]:DIR:_files -/' '--fragment[a part of a grammar\: rules that are not defined are warnings]' '*--select[show these warnings only\: codes or the first characters of codes, ABNF302,ABNF4; errors stay]:CODES:(ABNF101 ABNF102 ABNF103 ABNF104 ABNF105 ABNF106 ABNF107 ABNF108 ABNF109 ABNF110 ABNF111 ABNF112 ABNF113 ABNF121 ABNF122 ABNF123 ABNF201 ABNF202 ABNF203 ABNF204 ABNF205 ABNF206 ABNF207 ABNF208 ABNF209 ABNF301 ABNF302 ABNF303 ABNF304 ABNF305 ABNF306 ABNF307 ABNF308 ABNF309 ABNF401 ABNF402 ABNF403 ABNF404 ABNF405 ABNF406 ABNF407 ABNF501 ABNF502)' '*--ignore[hide these\: codes or the first characters of codes, ABNF302,ABNF4; errors stay]:CODES:(ABNF101 ABNF102 ABNF103 ABNF104 ABNF105 ABNF106 ABNF107 ABNF108 ABNF109 ABNF110 ABNF111 ABNF112 ABNF113 ABNF121 ABNF122 ABNF123 ABNF201 ABNF202 ABNF203 ABNF204 ABNF205 ABNF206 ABNF207 ABNF208 ABNF209 ABNF301 ABNF302 ABNF303 ABNF304 ABNF305 ABNF306 ABNF307 ABNF308 ABNF309 ABNF401 ABNF402 ABNF403 ABNF404 ABNF405 ABNF406 ABNF407 ABNF501 ABNF502)' '--strict[warnings fail the check, too]' '--examples[match every @example with its rule, too]' '--analysis[one line for each rule of FILE, too\: regular, ambiguous, how fast, which engine]' '--max-columns[a line longer than this is an error; a draft has room for 69]:N: ' '--json[one JSON document on stdout]' ;;
    explain) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' '*:CODE:(ABNF101 ABNF102 ABNF103 ABNF104 ABNF105 ABNF106 ABNF107 ABNF108 ABNF109 ABNF110 ABNF111 ABNF112 ABNF113 ABNF121 ABNF122 ABNF123 ABNF201 ABNF202 ABNF203 ABNF204 ABNF205 ABNF206 ABNF207 ABNF208 ABNF209 ABNF301 ABNF302 ABNF303 ABNF304 ABNF305 ABNF306 ABNF307 ABNF308 ABNF309 ABNF401 ABNF402 ABNF403 ABNF404 ABNF405 ABNF406 ABNF407 ABNF501 ABNF502)' ;;
    match) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :FILE:_files '*--library[where imported documents are, after borrowed/ beside FILE; may be given again]:DIR:_files -/' '--fragment[a part of a grammar\: rules that are not defined are warnings]' ':RULE: ' ':STRING: ' '--escapes[STRING holds \\r \\n \\t \\\\ and \\xHH as in @example]' '--encode[match the octets of STRING in this encoding, not its code points]:ENCODING: ' '--engine[compiled\: a linear pattern, regular rules only; earley\: any rule, slow]:ENGINE:(auto compiled earley)' '--json[one JSON document on stdout]' ;;
    parse) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :FILE:_files '*--library[where imported documents are, after borrowed/ beside FILE; may be given again]:DIR:_files -/' '--fragment[a part of a grammar\: rules that are not defined are warnings]' ':RULE: ' ':STRING: ' '--escapes[STRING holds \\r \\n \\t \\\\ and \\xHH as in @example]' '--encode[match the octets of STRING in this encoding, not its code points]:ENCODING: ' '*--named[only these rules below RULE; may be given again]:RULE,...: ' '--json[one JSON document on stdout]' ;;
    extract) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' '*:FILE:_files' '--format[the form of every FILE; without it, name and content decide]:FORMAT:(xml text markdown)' '*--type[what XML and Markdown call their blocks ("abnf"); may be given again]:TYPE: ' '*--section[only blocks of the section of this anchor or number; may be given again]:SECTION: ' '--json[one JSON document on stdout]' ;;
    fmt) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' '*:FILE:_files' '--width[longest line (69, as in an RFC)]:N: ' '--check[write nothing; exit 1 and show a unified diff for what would change]' '--in-place[change the files instead of writing to stdout]' ;;
    diff) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :OLD:_files :NEW:_files '*--rule[only this rule; case does not matter; may be given again]:NAME: ' '--all[list rules that are the same, too]' '--exit-code[exit 1 unless every rule is proved equal]' '--json[one JSON document on stdout]' '*--library[where imported documents are, after borrowed/ beside each file; may be given again]:DIR:_files -/' '--fragment[parts of grammars\: rules that are not defined are warnings]' ;;
    sentences) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :FILE:_files '*--library[where imported documents are, after borrowed/ beside FILE; may be given again]:DIR:_files -/' '--fragment[a part of a grammar\: rules that are not defined are warnings]' ':RULE: ' '--count[how many (10)]:N: ' '--seed[other strings (0)]:N: ' '--max-octets[longest string (256)]:N: ' '--near-misses[strings the rule refuses, each with the rule it breaks and how]' '--w-method[a complete suite of a regular rule\: every automaton with no more states that gives these verdicts accepts exactly the rule]' '--symbols[octets of a suite\: one of each class the rule tells apart (default), the ends of its intervals too, or all]:SYMBOLS:(classes ends octets)' ;;
    coverage) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :FILE:_files '*--library[where imported documents are, after borrowed/ beside FILE; may be given again]:DIR:_files -/' '--fragment[a part of a grammar\: rules that are not defined are warnings]' ':RULE: ' '*:STRINGS:_files' '--fail-under[exit 1 when less than this is shown]:PERCENT: ' '--json[one JSON document on stdout]' ;;
    lark) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :FILE:_files '*--library[where imported documents are, after borrowed/ beside FILE; may be given again]:DIR:_files -/' '--fragment[a part of a grammar\: rules that are not defined are warnings]' ':RULE: ' '--lines[for LALR, one terminal for a run of characters; RULE needs an @capture]' ;;
    python) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :FILE:_files '*--library[where imported documents are, after borrowed/ beside FILE; may be given again]:DIR:_files -/' '--fragment[a part of a grammar\: rules that are not defined are warnings]' ;;
    javascript) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :FILE:_files '*--library[where imported documents are, after borrowed/ beside FILE; may be given again]:DIR:_files -/' '--fragment[a part of a grammar\: rules that are not defined are warnings]' '*:RULE: ' '--script[a classic script that assigns one global, for pages opened from a file]' '--global[the name of that global; made from FILE without it]:NAME: ' ;;
    regex) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :FILE:_files '*--library[where imported documents are, after borrowed/ beside FILE; may be given again]:DIR:_files -/' '--fragment[a part of a grammar\: rules that are not defined are warnings]' ':RULE: ' ;;
    railroad) _arguments '-h[show this help message and exit]' '--help[show this help message and exit]' :FILE:_files '*--library[where imported documents are, after borrowed/ beside FILE; may be given again]:DIR:_files -/' '--fragment[a part of a grammar\: rules that are not defined are warnings]' ':RULE: ' '--text[in characters; SVG without it]' '--ascii[with --text\: ASCII only]' '--link[where a rule name leads in SVG; {rule} is the name (default\: %(default)s)]:TEMPLATE: ' ;;
    esac ;;
  esac
}
if [[ $funcstack[1] == _abnfc ]]; then _abnfc "$@"
else compdef _abnfc abnfc; fi

package star

import "fmt"

// maxFile is how many bytes a .star file may have.
const maxFile = 256 << 10

// maxNesting is how deeply brackets may be nested in a .star file. The parser takes stack for each.
const maxNesting = 100

// checkNesting refuses a text that would take the parser too much stack, at the line and column where that is.
func checkNesting(text []byte) (line, column int, err error) {
	line, column = 1, 1
	depth := 0
	next := func(i int) {
		if column++; text[i] == '\n' {
			line, column = line+1, 1
		} else if text[i]&0xc0 == 0x80 { // within a character
			column--
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '(', '[', '{':
			if depth++; depth > maxNesting {
				return line, column, fmt.Errorf("brackets are nested more than %d deep", maxNesting)
			}
		case ')', ']', '}':
			depth = max(depth-1, 0)
		case '#':
			for i+1 < len(text) && text[i+1] != '\n' {
				next(i)
				i++
			}
		case '"', '\'':
			quote := 1
			if i+2 < len(text) && text[i+1] == c && text[i+2] == c {
				quote = 3
			}
			for range quote {
				next(i)
				i++
			}
			for ; i < len(text); i++ {
				if text[i] == '\\' && i+1 < len(text) {
					next(i)
					i++
				} else if text[i] == c && (quote == 1 || i+2 < len(text) && text[i+1] == c && text[i+2] == c) {
					for range quote - 1 {
						next(i)
						i++
					}
					break
				} else if text[i] == '\n' && quote == 1 { // not closed, as the parser will say
					break
				}
				next(i)
			}
			if i >= len(text) {
				return 0, 0, nil
			}
		}
		next(i)
	}
	return 0, 0, nil
}

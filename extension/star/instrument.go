package star

import (
	"fmt"

	"go.starlark.net/syntax"
)

// The interpreter counts steps, but one step may take any time and any memory: "x" * 1000000000, list(range(1 << 40)), x + x. So
// before a file is compiled, every operation whose cost does not follow from the text is replaced by a call of a function of ours
// that looks at the operands first; see guards.go. These functions have names that are no identifiers, so that no program can
// use or hide them.
//
// Comparisons are replaced as well, because those of the interpreter know nothing of our dicts and lists.

// guardedAttrs are the methods whose cost does not follow from the text.
var guardedAttrs = map[string]bool{
	"capitalize": true, "format": true, "join": true, "lower": true, "replace": true, "rsplit": true, "split": true, "splitlines": true,
	"title": true, "upper": true, // of texts
	"extend": true, "index": true, "remove": true, // of lists
	"items": true, "keys": true, "popitem": true, "values": true, "update": true, // of dicts
	"union": true, "intersection": true, "difference": true, "symmetric_difference": true, "issubset": true, "issuperset": true, // of sets
}

// guardedOps are the operators that are replaced, by their place between operands.
var guardedOps = map[syntax.Token]string{
	syntax.PLUS: "+", syntax.MINUS: "-", syntax.STAR: "*", syntax.PERCENT: "%", syntax.PIPE: "|", syntax.AMP: "&", syntax.CIRCUMFLEX: "^", syntax.LTLT: "<<",
	syntax.EQL: "==", syntax.NEQ: "!=", syntax.LT: "<", syntax.LE: "<=", syntax.GT: ">", syntax.GE: ">=", syntax.IN: "in", syntax.NOT_IN: "not in",
}

// updates are the assignments with an operator, and the operator.
var updates = map[syntax.Token]syntax.Token{
	syntax.PLUS_EQ: syntax.PLUS, syntax.MINUS_EQ: syntax.MINUS, syntax.STAR_EQ: syntax.STAR, syntax.PERCENT_EQ: syntax.PERCENT,
	syntax.PIPE_EQ: syntax.PIPE, syntax.AMP_EQ: syntax.AMP, syntax.CIRCUMFLEX_EQ: syntax.CIRCUMFLEX, syntax.LTLT_EQ: syntax.LTLT,
}

// instrument replaces what has to be guarded in a file. The error is a syntax.Error for what cannot be.
func instrument(f *syntax.File) error {
	in := &instrumenter{}
	in.stmts(f.Stmts)
	return in.err
}

type instrumenter struct{ err error }

// call gives the call of a guard.
func call(guard string, at syntax.Position, args ...syntax.Expr) syntax.Expr {
	return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: at, Name: guard}, Lparen: at, Args: args, Rparen: at}
}

func (in *instrumenter) stmts(all []syntax.Stmt) {
	for _, s := range all {
		in.stmt(s)
	}
}

func (in *instrumenter) stmt(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.AssignStmt:
		in.assign(s)
	case *syntax.DefStmt:
		in.params(s.Params)
		in.stmts(s.Body)
		s.Body = in.checkRest(s.Params, s.Def, s.Body)
	case *syntax.ExprStmt:
		s.X = in.expr(s.X)
	case *syntax.ForStmt:
		s.X = in.expr(s.X)
		in.target(s.Vars)
		in.stmts(s.Body)
	case *syntax.WhileStmt:
		s.Cond = in.expr(s.Cond)
		in.stmts(s.Body)
	case *syntax.IfStmt:
		s.Cond = in.expr(s.Cond)
		in.stmts(s.True)
		in.stmts(s.False)
	case *syntax.ReturnStmt:
		s.Result = in.expr(s.Result)
	}
}

// assign makes x = x + y of x += y, with a guard that changes lists and dicts in place as += does.
func (in *instrumenter) assign(s *syntax.AssignStmt) {
	op, update := updates[s.Op]
	if !update || isNumber(s.RHS) && (op == syntax.PLUS || op == syntax.MINUS) {
		s.RHS = in.expr(s.RHS)
		in.target(s.LHS)
		return
	}
	old, ok := again(s.LHS)
	if !ok {
		if in.err == nil {
			in.err = syntax.Error{Pos: s.OpPos, Msg: fmt.Sprintf("the left side of %s must not call anything: use a variable", s.Op)}
		}
		return
	}
	in.target(s.LHS)
	s.RHS = call(guardedOps[op]+"=", s.OpPos, in.expr(old), in.expr(s.RHS))
	s.Op = syntax.EQ
}

// again gives an expression that reads what an assignment sets, if evaluating its parts twice makes no difference.
func again(x syntax.Expr) (syntax.Expr, bool) {
	switch x := x.(type) {
	case *syntax.Ident:
		return &syntax.Ident{NamePos: x.NamePos, Name: x.Name}, true
	case *syntax.Literal:
		return x, true
	case *syntax.ParenExpr:
		return again(x.X)
	case *syntax.DotExpr:
		of, ok := again(x.X)
		return &syntax.DotExpr{X: of, Dot: x.Dot, NamePos: x.NamePos, Name: &syntax.Ident{NamePos: x.Name.NamePos, Name: x.Name.Name}}, ok
	case *syntax.IndexExpr:
		of, ok := again(x.X)
		index, ok2 := again(x.Y)
		return &syntax.IndexExpr{X: of, Lbrack: x.Lbrack, Y: index, Rbrack: x.Rbrack}, ok && ok2
	case *syntax.BinaryExpr:
		a, ok := again(x.X)
		b, ok2 := again(x.Y)
		return &syntax.BinaryExpr{X: a, OpPos: x.OpPos, Op: x.Op, Y: b}, ok && ok2
	case *syntax.UnaryExpr:
		of, ok := again(x.X)
		return &syntax.UnaryExpr{OpPos: x.OpPos, Op: x.Op, X: of}, ok
	}
	return nil, false
}

// target handles what is assigned to.
func (in *instrumenter) target(x syntax.Expr) {
	switch x := x.(type) {
	case *syntax.IndexExpr:
		x.X, x.Y = in.expr(x.X), in.expr(x.Y)
	case *syntax.DotExpr:
		x.X = in.expr(x.X)
	case *syntax.ParenExpr:
		in.target(x.X)
	case *syntax.TupleExpr:
		for _, item := range x.List {
			in.target(item)
		}
	case *syntax.ListExpr:
		for _, item := range x.List {
			in.target(item)
		}
	}
}

// params handles the defaults of parameters.
func (in *instrumenter) params(all []syntax.Expr) {
	for _, p := range all {
		if named, ok := p.(*syntax.BinaryExpr); ok {
			named.Y = in.expr(named.Y)
		}
	}
}

// rest gives the names of *args and **kwargs.
func rest(params []syntax.Expr) []*syntax.Ident {
	var out []*syntax.Ident
	for _, p := range params {
		if star, ok := p.(*syntax.UnaryExpr); ok {
			if name, ok := star.X.(*syntax.Ident); ok {
				out = append(out, name)
			}
		}
	}
	return out
}

// checkRest begins a function with a look at what *args and **kwargs took, behind its docstring.
func (in *instrumenter) checkRest(params []syntax.Expr, at syntax.Position, body []syntax.Stmt) []syntax.Stmt {
	for _, name := range rest(params) {
		check := &syntax.ExprStmt{X: call("rest", at, &syntax.Ident{NamePos: name.NamePos, Name: name.Name})}
		i := 0
		if doc, ok := body[0].(*syntax.ExprStmt); ok {
			if _, ok := doc.X.(*syntax.Literal); ok {
				i = 1
			}
		}
		body = append(body[:i:i], append([]syntax.Stmt{check}, body[i:]...)...)
	}
	return body
}

func (in *instrumenter) exprs(all []syntax.Expr) {
	for i, x := range all {
		all[i] = in.expr(x)
	}
}

func (in *instrumenter) expr(x syntax.Expr) syntax.Expr {
	switch x := x.(type) {
	case *syntax.BinaryExpr:
		return in.binary(x)
	case *syntax.CallExpr:
		x.Fn = in.expr(x.Fn)
		for i, arg := range x.Args {
			switch arg := arg.(type) {
			case *syntax.BinaryExpr:
				if arg.Op == syntax.EQ {
					arg.Y = in.expr(arg.Y)
					continue
				}
			case *syntax.UnaryExpr:
				if arg.Op == syntax.STAR || arg.Op == syntax.STARSTAR {
					arg.X = call("spread", arg.OpPos, in.expr(arg.X))
					continue
				}
			}
			x.Args[i] = in.expr(arg)
		}
	case *syntax.Comprehension:
		x.Body = in.expr(x.Body)
		for _, clause := range x.Clauses {
			switch clause := clause.(type) {
			case *syntax.ForClause:
				clause.X = in.expr(clause.X)
				in.target(clause.Vars)
			case *syntax.IfClause:
				clause.Cond = in.expr(clause.Cond)
			}
		}
		if x.Curly {
			return call("{}", x.Lbrack, x)
		}
	case *syntax.CondExpr:
		x.Cond, x.True, x.False = in.expr(x.Cond), in.expr(x.True), in.expr(x.False)
	case *syntax.DictEntry:
		x.Key, x.Value = in.expr(x.Key), in.expr(x.Value)
	case *syntax.DictExpr:
		in.exprs(x.List)
		return call("{}", x.Lbrace, x)
	case *syntax.DotExpr:
		x.X = in.expr(x.X)
		if guardedAttrs[x.Name.Name] {
			return call("."+x.Name.Name, x.NamePos, x.X)
		}
	case *syntax.IndexExpr:
		x.X, x.Y = in.expr(x.X), in.expr(x.Y)
	case *syntax.LambdaExpr:
		in.params(x.Params)
		x.Body = in.expr(x.Body)
		for _, name := range rest(x.Params) {
			check := call("rest", x.Lambda, &syntax.Ident{NamePos: name.NamePos, Name: name.Name})
			x.Body = &syntax.CondExpr{If: x.Lambda, Cond: check, True: x.Body, ElsePos: x.Lambda, False: &syntax.Ident{NamePos: x.Lambda, Name: "None"}}
		}
	case *syntax.ListExpr:
		in.exprs(x.List)
	case *syntax.ParenExpr:
		x.X = in.expr(x.X)
	case *syntax.SliceExpr:
		args := []syntax.Expr{in.expr(x.X), x.Lo, x.Hi, x.Step}
		for i, part := range args[1:] {
			if part == nil {
				args[i+1] = &syntax.Ident{NamePos: x.Lbrack, Name: "None"}
			} else {
				args[i+1] = in.expr(part)
			}
		}
		return call("[:]", x.Lbrack, args...)
	case *syntax.TupleExpr:
		scalars := true
		for _, item := range x.List {
			scalars = scalars && isScalar(item)
		}
		in.exprs(x.List)
		if !scalars {
			at, _ := x.Span()
			return call("()", at, x.List...)
		}
	case *syntax.UnaryExpr:
		x.X = in.expr(x.X)
	}
	return x
}

// binary guards an operator, unless an operand shows that nothing can happen.
func (in *instrumenter) binary(x *syntax.BinaryExpr) syntax.Expr {
	left, right := x.X, x.Y
	x.X, x.Y = in.expr(x.X), in.expr(x.Y)
	guard, ok := guardedOps[x.Op]
	if !ok {
		return x
	}
	harmless := false
	switch x.Op {
	case syntax.PLUS, syntax.MINUS:
		harmless = isNumber(left) || isNumber(right)
	case syntax.PERCENT:
		harmless = isNumber(left)
	case syntax.IN, syntax.NOT_IN:
		harmless = isScalar(left)
	case syntax.EQL, syntax.NEQ, syntax.LT, syntax.LE, syntax.GT, syntax.GE:
		harmless = isScalar(left) || isScalar(right)
	}
	if harmless {
		return x
	}
	return call(guard, x.OpPos, x.X, x.Y)
}

// isNumber says whether an expression is a number as it stands in the text.
func isNumber(x syntax.Expr) bool {
	if unary, ok := x.(*syntax.UnaryExpr); ok && unary.Op == syntax.MINUS {
		x = unary.X
	}
	literal, ok := x.(*syntax.Literal)
	return ok && (literal.Token == syntax.INT || literal.Token == syntax.FLOAT)
}

// isScalar says whether an expression is a number, a text, None, True or False as it stands in the text.
func isScalar(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.Literal:
		return true
	case *syntax.Ident:
		return x.Name == "None" || x.Name == "True" || x.Name == "False"
	}
	return isNumber(x)
}

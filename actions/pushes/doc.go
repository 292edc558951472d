// Package pushes finds the pushes before one, wherever a repository lists them: in the pushlog of a Mercurial server, in the
// activity of a GitHub repository, or in the history of the checkout, where each commit of the first parents counts as one.
//
//	p, err := pushes.For(pushes.Options{Params: params, Repository: repo})
//	all, err := p.Before(ctx, params, 10, false) // the newest first
//
// It does not know which pushes have a decision task.
package pushes

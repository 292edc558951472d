package scaffold

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/taskgraph-go/decision/internal/repourl"
)

// Answers are what the files depend on. Empty ones are filled in by [Answers.SetDefaults].
type Answers struct {
	// Repository is the address of the repository on GitHub, in any form that git takes.
	Repository string
	// Project names the project; by default as the repository is named.
	Project string
	// TrustDomain begins the names of worker pools, caches and index paths; by default it is the owner of the repository.
	TrustDomain string
	// Level is how far pushes are trusted, 1 to 3; by default 1. Pull requests have 1 in any case.
	Level string
	// Branch is the one whose pushes are built; by default main.
	Branch string
	// Version of this program that the decision task installs; by default the newest.
	Version string
	// Starlark says that kinds may name code in Starlark.
	Starlark bool
}

// A Question is one of the answers, for flags and prompts.
type Question struct {
	// Flag is its name on the command line, and Text the question.
	Flag, Text string
	// Answer gives the place of the answer.
	Answer func(a *Answers) *string
	check  func(a *Answers) error
}

// Questions are all questions, in the order to ask them: defaults of later ones follow from earlier ones.
var Questions = []Question{
	{"repository", "Address of the repository on GitHub", func(a *Answers) *string { return &a.Repository }, (*Answers).checkRepository},
	{"project", "Name of the project", func(a *Answers) *string { return &a.Project }, (*Answers).checkProject},
	{"trust-domain", "Trust domain", func(a *Answers) *string { return &a.TrustDomain }, (*Answers).checkTrustDomain},
	{"level", "Level of trust of pushes", func(a *Answers) *string { return &a.Level }, (*Answers).checkLevel},
	{"branch", "Branch to build", func(a *Answers) *string { return &a.Branch }, (*Answers).checkBranch},
}

// Check says what is wrong with an answer, nil for nothing.
func (q Question) Check(a *Answers) error {
	if err := q.check(a); err != nil {
		return fmt.Errorf("--%s: %w", q.Flag, err)
	}
	return nil
}

// Check says what is wrong with the first bad answer, nil where all are good.
func (a *Answers) Check() error {
	for _, q := range Questions {
		if err := q.Check(a); err != nil {
			return err
		}
	}
	return nil
}

// SetDefaults fills in what is empty and follows from the rest.
func (a *Answers) SetDefaults() {
	repo, err := repourl.Parse(a.Repository)
	if err == nil && repo.Platform == repourl.GitHub {
		owner, _, _ := strings.Cut(repo.Path, "/")
		a.Repository = "https://" + repo.Host + "/" + repo.Path
		setDefault(&a.Project, repo.Name())
		setDefault(&a.TrustDomain, strings.ToLower(owner))
	}
	setDefault(&a.Level, "1")
	setDefault(&a.Branch, "main")
	setDefault(&a.Version, "latest")
}

func setDefault(s *string, text string) {
	if *s == "" {
		*s = text
	}
}

func (a *Answers) checkRepository() error {
	if a.Repository == "" {
		return fmt.Errorf("the address of the repository is not known; it is one such as https://github.com/OWNER/NAME")
	}
	repo, err := repourl.Parse(a.Repository)
	if err == nil && repo.Platform == repourl.GitHub && repo.Host == "github.com" && repositoryPath.MatchString(repo.Path) {
		return nil
	}
	return fmt.Errorf("want a repository on GitHub such as https://github.com/OWNER/NAME, got %q", a.Repository)
}

func (a *Answers) checkProject() error {
	if !projectName.MatchString(a.Project) || len(a.Project) > 100 || strings.Trim(a.Project, ".") == "" {
		return fmt.Errorf("want letters, digits, dots, dashes and underscores, 100 at most, got %q", a.Project)
	}
	return nil
}

// maxTrustDomain leaves room for what is put behind it: the queue takes 38 characters for TRUST-DOMAIN-level-3.
const maxTrustDomain = 38 - len("-level-3")

func (a *Answers) checkTrustDomain() error {
	if !trustDomain.MatchString(a.TrustDomain) || len(a.TrustDomain) > maxTrustDomain {
		return fmt.Errorf("want letters, digits, dashes and underscores, %d at most, got %q", maxTrustDomain, a.TrustDomain)
	}
	return nil
}

func (a *Answers) checkLevel() error {
	if a.Level != "1" && a.Level != "2" && a.Level != "3" {
		return fmt.Errorf("want 1, 2 or 3, got %q", a.Level)
	}
	return nil
}

func (a *Answers) checkBranch() error {
	for _, bad := range []string{"..", "//", "/.", "./", ".lock"} {
		if strings.Contains(a.Branch+"/", bad) {
			return fmt.Errorf("want the name of a branch, got %q", a.Branch)
		}
	}
	if !branchName.MatchString(a.Branch) || len(a.Branch) > 200 || strings.HasSuffix(a.Branch, "/") {
		return fmt.Errorf("want the name of a branch, got %q", a.Branch)
	}
	return nil
}

// What goes into the files is so plain that it means nothing but itself in YAML, JSON-e and a shell. Lengths are
// looked at apart: patterns that count take long to compile.
var (
	repositoryPath = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)
	projectName    = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
	trustDomain    = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	branchName     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]*$`)
	notInSlug      = regexp.MustCompile(`[^a-z0-9]+`)
)

// Slug gives the project's name as it can begin the names of environment variables.
func (a *Answers) Slug() string {
	slug := strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(a.Project), "_"), "_")
	if slug == "" || slug[0] >= '0' && slug[0] <= '9' {
		slug = "repo_" + slug
	}
	return slug
}

// CacheName gives the project's name as it can stand in an index path.
func (a *Answers) CacheName() string { return strings.ReplaceAll(a.Slug(), "_", "-") }

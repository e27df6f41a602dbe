/** What differs between two looks at the same broadcast. Viewers differ always and are no Change. */
import type { CategoryChanged, LanguageChanged, TagsChanged, TitleChanged } from '../domain/change.ts';
import type { Stream } from '../domain/stream.ts';

type Difference =
  | Pick<TitleChanged, 'kind' | 'before' | 'after'>
  | Pick<CategoryChanged, 'kind' | 'before' | 'after'>
  | Pick<TagsChanged, 'kind' | 'before' | 'after'>
  | Pick<LanguageChanged, 'kind' | 'before' | 'after'>;

export function compareStreams(before: Stream, after: Stream): readonly Difference[] {
  const differences: Difference[] = [];
  if (before.title !== after.title)
    differences.push({ kind: 'title_changed', before: before.title, after: after.title });
  // Twitch renames categories at times; the same id is the same category.
  if (before.category.id !== after.category.id) {
    differences.push({ kind: 'category_changed', before: before.category, after: after.category });
  }
  if (!sameSet(before.tags, after.tags))
    differences.push({ kind: 'tags_changed', before: before.tags, after: after.tags });
  if (before.language !== after.language) {
    differences.push({ kind: 'language_changed', before: before.language, after: after.language });
  }
  return differences;
}

/** Twitch does not promise an order of tags. */
function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((tag) => b.includes(tag));
}

//! The lines of an export in their order.
use crate::domain::ids::MandateId;
use crate::log::bundle;
use crate::log::verify::STANDING;
use crate::store::export;
use crate::view;

use super::{Export, ExportError, PAGE, Rests, Sink, signed};
use crate::app::App;

/// Stories read at once.
pub(super) const STORIES: usize = 50;

/// An export on its way, some lines at a time: whoever takes it sets the pace, and nothing else is in memory.
#[derive(Debug)]
pub struct Writing {
    pub(super) export: Export,
    pub(super) rests: Rests,
    pub(super) stage: Stage,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Stage {
    Header,
    /// The range is read for what it rests on, some places at a time.
    Resting {
        from: i64,
    },
    /// So are these mandates' stories before it.
    RestingOn {
        stories: Vec<MandateId>,
    },
    /// Earlier entries on which the people, structures and cards of the range stand.
    Standing {
        from: i64,
    },
    /// What these mandates' stories hold before the range.
    Stories {
        mandates: Vec<MandateId>,
    },
    Range {
        from: i64,
    },
    Over,
}

impl Writing {
    pub fn new(export: Export) -> Self {
        Self { export, rests: Rests::default(), stage: Stage::Header }
    }

    pub(super) async fn finish(mut self, app: &App, sink: &mut Sink<'_>) -> Result<(), ExportError> {
        while let Some(lines) = self.next(app).await? {
            for line in &lines {
                sink(line)?;
            }
        }
        Ok(())
    }

    /// The next lines, perhaps none yet; `None` when all are written.
    pub async fn next(&mut self, app: &App) -> Result<Option<Vec<String>>, ExportError> {
        let first = signed(self.export.first());
        let (lines, next) = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Header => {
                self.rests = Rests::of(self.export.header.perimeter.clone());
                let next = if self.export.is_whole() {
                    Stage::Standing { from: 0 }
                } else {
                    Stage::Resting { from: first }
                };
                (vec![self.export.header()], next)
            }
            Stage::Resting { from } => {
                let end = signed(self.export.size);
                let until = (from + PAGE).min(end);
                self.export.rest_on(app, &mut self.rests, (from, until)).await?;
                let next = if until >= end {
                    Stage::RestingOn { stories: self.export.stories_before(&self.rests) }
                } else {
                    Stage::Resting { from: until }
                };
                (Vec::new(), next)
            }
            Stage::RestingOn { mut stories } => {
                self.export.rest_on_stories(app, &mut self.rests, &mut stories).await?;
                let next = if stories.is_empty() {
                    Stage::Standing { from: 0 }
                } else {
                    Stage::RestingOn { stories }
                };
                (Vec::new(), next)
            }
            Stage::Standing { from } => self.standing(app, from, first).await?,
            Stage::Stories { mut mandates } => {
                let some = mandates.split_off(mandates.len().saturating_sub(STORIES));
                let rows = view!(app.store, tx => { export::of_mandates(tx, &some, first).await })?;
                let next = if mandates.is_empty() {
                    Stage::Range { from: first }
                } else {
                    Stage::Stories { mandates }
                };
                (self.export.prove(app, rows).await?, next)
            }
            Stage::Range { from } => {
                let end = signed(self.export.size);
                let until = (from + PAGE).min(end);
                let mut lines = self.export.range(app, &self.rests, (from, until)).await?;
                if until >= end {
                    lines.push(bundle::write_end(self.export.size));
                    (lines, Stage::Over)
                } else {
                    (lines, Stage::Range { from: until })
                }
            }
            Stage::Over => return Ok(None),
        };
        self.stage = next;
        Ok(Some(lines))
    }

    async fn standing(&self, app: &App, from: i64, first: i64) -> Result<(Vec<String>, Stage), ExportError> {
        let kinds: Vec<&str> = STANDING.iter().map(|kind| kind.token()).collect();
        let rows = view!(app.store, tx => { export::of_kinds(tx, &kinds, (from, first), PAGE).await })?;
        let Some(last) = rows.last().map(|row| row.leaf_index) else {
            let mandates: Vec<MandateId> = self.rests.mandates().collect();
            let over = first == 0 || mandates.is_empty();
            let next = if over { Stage::Range { from: first } } else { Stage::Stories { mandates } };
            return Ok((Vec::new(), next));
        };
        let told: Vec<_> = rows.into_iter().filter(|row| self.rests.tells(row)).collect();
        Ok((self.export.prove(app, told).await?, Stage::Standing { from: last + 1 }))
    }
}

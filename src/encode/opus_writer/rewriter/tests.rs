use proptest::prelude::*;

use super::*;
use crate::ogg::Next;
use crate::opus::{is_silence, length};

/// Cuts packets into pages with at most this many segments.
fn paged(serial: u32, headers: &[Vec<u8>], packets: &[Vec<u8>], most: usize) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut close = |lacing: &mut Vec<u8>, body: &mut Vec<u8>, continued: &mut bool| {
        let sequence = u32::try_from(pages.len()).unwrap();
        let first = if pages.is_empty() { Page::FIRST } else { 0 };
        let flags = first | if *continued { Page::CONTINUED } else { 0 };
        *continued = lacing.last() == Some(&255);
        let granule = i64::from_le_bytes([7; 8]);
        pages.push(Page::new(flags, granule, (serial, sequence), (lacing, body)).unwrap());
        lacing.clear();
        body.clear();
    };
    let (mut lacing, mut body, mut continued) = (Vec::new(), Vec::new(), false);
    for (index, packet) in headers.iter().chain(packets).enumerate() {
        for segment in
            packet.chunks(SEGMENT).chain((packet.len() % SEGMENT == 0).then_some(&[][..]))
        {
            lacing.push(u8::try_from(segment.len()).unwrap());
            body.extend_from_slice(segment);
            if lacing.len() == most {
                close(&mut lacing, &mut body, &mut continued);
            }
        }
        if index < headers.len() && !lacing.is_empty() {
            close(&mut lacing, &mut body, &mut continued);
        }
    }
    if !lacing.is_empty() {
        close(&mut lacing, &mut body, &mut continued);
    }
    let last = pages.pop().unwrap();
    let flags = last.flags() | Page::LAST;
    pages.push(last.with(flags, last.sequence(), last.lacing(), last.body()).unwrap());
    pages
}

fn headers(comment: usize) -> Vec<Vec<u8>> {
    let head = b"OpusHead\x01\x02\x38\x01\x80\xBB\0\0\0\0\0".to_vec();
    let tags = [b"OpusTags\x03\0\0\0lib\x01\0\0\0".as_slice(), &vec![b'4'; comment]].concat();
    vec![head, tags]
}

/// The pages of a file.
fn split(mut bytes: &[u8]) -> Vec<Page> {
    let next = || match Page::read(&mut bytes).unwrap() {
        Next::Page(page) => Some(page),
        end => {
            assert_eq!(end, Next::End);
            None
        }
    };
    std::iter::from_fn(next).collect()
}

/// The packets on pages.
fn packets(pages: &[Page]) -> Vec<Vec<u8>> {
    let mut packets = vec![Vec::new()];
    for piece in pages.iter().flat_map(Page::pieces) {
        packets.last_mut().unwrap().extend_from_slice(piece.bytes);
        if piece.ends {
            packets.push(Vec::new());
        }
    }
    assert_eq!(packets.pop(), Some(Vec::new()));
    packets
}

/// The pages of a stream, and its packets with whether each is touched.
type Link = (Vec<Page>, Vec<(Vec<u8>, bool)>);

/// Gives pages and packets to a rewriter, `ahead` pages before the packets on them. All of each packet is
/// heard, at 48 kHz.
fn rewrite(links: &[Link], ahead: usize) -> Result<(Vec<u8>, Vec<Range<u64>>), Refusal> {
    let (mut rewriter, mut out) = (Rewriter::new(48_000), Vec::new());
    let mut due = VecDeque::new();
    let mut frame = 0;
    for (pages, packets) in links {
        let mut packets = packets.iter();
        let mut headers = 2;
        for page in pages {
            rewriter.page(page.clone(), &mut out)?;
            let ends = page.pieces().filter(|piece| piece.ends).count();
            let audio = ends.saturating_sub(headers);
            headers -= headers.min(ends);
            due.push_back(packets.by_ref().take(audio).collect::<Vec<_>>());
            let ready = if due.len() > ahead { due.pop_front() } else { None };
            for (packet, touched) in ready.into_iter().flatten() {
                let end = frame + u64::from(length(packet));
                rewriter.packet(packet, frame..end, *touched, &mut out)?;
                frame = end;
            }
        }
        for (packet, touched) in due.drain(..).flatten() {
            let end = frame + u64::from(length(packet));
            rewriter.packet(packet, frame..end, *touched, &mut out)?;
            frame = end;
        }
    }
    let done = rewriter.finish(&mut out)?;
    Ok((out, done.replaced))
}

fn any_packet() -> impl Strategy<Value = (Vec<u8>, bool)> {
    let toc = prop::sample::select(vec![0x48u8, 0x4C, 0x58, 0x60, 0x78, 0x80, 0xF8, 0xFC]);
    let size = prop_oneof![0usize..100, 500usize..520, 1020usize..1275];
    let count = prop_oneof![4 => Just(1u8), 1 => Just(2u8)];
    (toc, size, count, any::<u8>(), prop::bool::weighted(0.1)).prop_map(
        |(toc, size, count, byte, touched)| {
            let head = if count == 1 { vec![toc] } else { vec![toc | 3, count] };
            ([head, vec![byte; size * usize::from(count)]].concat(), touched)
        },
    )
}

proptest! {
    #[test]
    fn packets_become_silence_or_stay_and_pages_keep_their_structure(
        audio in prop::collection::vec(any_packet(), 1..60),
        again in prop::collection::vec(any_packet(), 1..9),
        most in prop_oneof![1usize..9, Just(255)],
        comment in prop_oneof![0usize..300, Just(3000)],
        ahead in 0usize..4,
    ) {
        let bytes = |all: &[(Vec<u8>, bool)]| all.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
        let of = |serial, all: &[(Vec<u8>, bool)]| {
            let pages = paged(serial, &headers(comment), &bytes(all), most);
            (pages, all.to_vec())
        };
        let links = [of(1, &audio), of(2, &again)];
        let (out, replaced) = rewrite(&links, ahead).unwrap();
        let mut plan = Plan::default();
        let all: Vec<_> = audio.iter().chain(&again).collect();
        for (packet, touched) in &all {
            plan.add(Packet::parse(packet, 1).unwrap().length(), *touched);
        }
        plan.end();
        let planned: Vec<bool> = std::iter::from_fn(|| plan.next()).collect();
        // Both ends are in a range.
        let mut at = 0;
        let noted: Vec<bool> = all.iter().map(|(packet, _)| {
            let first = at;
            at += u64::from(length(packet));
            replaced.iter().any(|range| range.contains(&first))
        }).collect();
        prop_assert_eq!(&noted, &planned);
        let found = split(&out);
        for (serial, (pages, given)) in (1..).zip(&links) {
            let is_header = |page: &&Page| page.pieces().any(|p| p.bytes.starts_with(b"Opus"));
            let found: Vec<Page> = found.iter().filter(|page| page.serial() == serial).cloned().collect();
            prop_assert!(found.iter().map(Page::sequence).eq(0..u32::try_from(found.len()).unwrap()));
            prop_assert_eq!(found.iter().filter(is_header).count(), 2);
            let audio = packets(pages).len() - 2;
            let tail = |pages: &[Page]| {
                let tags = pages.iter().scan(0, |ends, page| {
                    *ends += page.pieces().filter(|piece| piece.ends).count();
                    Some(*ends < 2)
                });
                let skip = tags.filter(|&is_tags| is_tags).count() + 1;
                let mut outline = Outline::default();
                pages[skip..].iter().for_each(|page| outline.add(page));
                (pages.len() - skip, outline)
            };
            prop_assert_eq!(tail(&found), tail(pages));
            let made = packets(&found);
            prop_assert_eq!(made.len(), audio + 2);
            prop_assert_eq!(&made[1], b"OpusTags\x03\0\0\0lib\0\0\0\0");
            let offset = if serial == 1 { 0 } else { links[0].1.len() };
            for ((packet, made), planned) in given.iter().zip(&made[2..]).zip(&planned[offset..]) {
                if *planned {
                    prop_assert!(is_silence(made, 1));
                    prop_assert_eq!(length(made), length(&packet.0));
                } else {
                    prop_assert_eq!(made, &packet.0);
                }
            }
            // What holds nothing new is the same byte for byte, if no page of comments went.
            if found.len() == pages.len() && planned.iter().all(|planned| !planned) {
                prop_assert_eq!(&found[2..], &pages[2..]);
            }
        }
    }
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let audio: Vec<Vec<u8>> = (0..9).map(|n| vec![0x48, n, 1]).collect();
    let given: Vec<_> = audio.iter().map(|packet| (packet.clone(), false)).collect();
    let pages = paged(1, &headers(9), &audio, 4);
    let run = |pages: Vec<Page>, given: &[(Vec<u8>, bool)]| {
        rewrite(&[(pages, given.to_vec())], 0).map(drop)
    };
    assert_eq!(run(pages.clone(), &given), Ok(()));
    let with = |index: usize, change: &dyn Fn(&Page) -> Option<Page>| {
        let mut pages = pages.clone();
        pages[index] = change(&pages[index]).unwrap();
        run(pages, &given)
    };
    let again =
        |page: &Page, flags, sequence| page.with(flags, sequence, page.lacing(), page.body());
    assert_eq!(
        with(2, &|page| again(page, page.flags() | 8, 2)),
        Err("an Ogg page with unknown flags")
    );
    assert_eq!(with(3, &|page| again(page, page.flags() | Page::CONTINUED, 3)), Err(OUT_OF_ORDER));
    assert_eq!(with(3, &|page| again(page, page.flags(), 4)), Err(OUT_OF_ORDER));
    assert_eq!(with(2, &|page| again(page, Page::FIRST, 2)), Err(SIDE_BY_SIDE));
    assert_eq!(
        with(1, &|page| page.with(0, 1, &[0], &[])),
        Err("an Ogg Opus without a comment header")
    );
    assert_eq!(
        with(0, &|page| page.with(Page::FIRST, 0, &[7], b"\x01vorbis")),
        Err("an Ogg with other streams than Opus")
    );
    let beside = |page: &Page| {
        let (lacing, body) = ([page.lacing(), &[1]].concat(), [page.body(), &[9]].concat());
        page.with(page.flags(), page.sequence(), &lacing, &body)
    };
    assert_eq!(with(0, &beside), Err("an Ogg Opus with something beside its head"));
    assert_eq!(with(1, &beside), Err("an Ogg Opus with something beside its comment header"));
    let missing = &given[..8];
    assert_eq!(run(pages.clone(), missing), Err(OTHER_PACKET));
    let mut other = given.clone();
    other[4].0 = vec![0x48, 4, 2];
    assert_eq!(run(pages.clone(), &other), Err(OTHER_PACKET));
    let cut = pages[..pages.len() - 1].to_vec();
    assert_eq!(run(cut[..1].to_vec(), &[]), Err(CUT_OFF));
    let long = vec![vec![0x48; 600]];
    let mut pages = paged(1, &headers(9), &long, 2);
    pages.pop();
    assert_eq!(run(pages, &[]), Err(CUT_OFF));
}

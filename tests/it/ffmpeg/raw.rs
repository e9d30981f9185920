//! The calls into FFmpeg. All `unsafe` of the project is in this file.
//!
//! Each object lies in an [`Owned`], which frees it once, whichever way a function is left. Pointers
//! to objects stay in this file, so whoever uses it can do nothing unsafe.

#![expect(unsafe_code, reason = "FFmpeg is C, and a wrapper would be a far larger dependency")]

use std::ffi::{CStr, CString, c_char, c_int};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::slice;

use ffmpeg_sys_next as sys;

use super::{FfmpegError, Pcm};

/// An object of FFmpeg's and the function that frees it.
struct Owned<T>(*mut T, unsafe extern "C" fn(*mut *mut T));

impl<T> Owned<T> {
    /// `object` is new or null, and `free` is FFmpeg's own for it.
    fn new(
        object: *mut T,
        free: unsafe extern "C" fn(*mut *mut T),
        doing: &'static str,
    ) -> Result<Self, FfmpegError> {
        if object.is_null() {
            return Err(FfmpegError::new(doing, "it gave nothing"));
        }
        Ok(Self(object, free))
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the object is alive and nobody else's; it is not used after this.
        unsafe { (self.1)(&raw mut self.0) }
    }
}

fn new_frame() -> Result<Owned<sys::AVFrame>, FfmpegError> {
    // SAFETY: takes nothing; gives a new object or null.
    let frame = unsafe { sys::av_frame_alloc() };
    Owned::new(frame, sys::av_frame_free, "make a frame")
}

/// The code, unless it tells of an error.
fn check(code: c_int, doing: &'static str) -> Result<c_int, FfmpegError> {
    if code >= 0 {
        return Ok(code);
    }
    let mut buffer: [c_char; 64] = [0; 64];
    // SAFETY: the buffer is as long as it is said to be; a text that ends with a NUL is put there.
    unsafe { sys::av_strerror(code, buffer.as_mut_ptr(), buffer.len()) };
    Err(FfmpegError::new(doing, text_in(&buffer)))
}

/// The text in a buffer, up to its NUL.
fn text_in(buffer: &[c_char]) -> String {
    let bytes: Vec<u8> = buffer.iter().map(|&byte| byte.to_ne_bytes()[0]).collect();
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// Whether the code says that there is nothing at the moment.
fn is_empty(code: c_int) -> bool {
    code == sys::AVERROR(sys::EAGAIN)
}

fn c_string(text: &str, doing: &'static str) -> Result<CString, FfmpegError> {
    CString::new(text).map_err(|error| FfmpegError::new(doing, error.to_string()))
}

/// A count of FFmpeg's, which is never negative.
fn count<T: TryFrom<c_int> + Default>(value: c_int) -> T {
    T::try_from(value).unwrap_or_default()
}

/// A file, and the decoder of its best audio stream.
pub(super) struct Input {
    demuxer: Owned<sys::AVFormatContext>,
    decoder: Owned<sys::AVCodecContext>,
    packet: Owned<sys::AVPacket>,
    frame: Owned<sys::AVFrame>,
    stream: c_int,
    /// How many samples of each channel were decoded.
    position: i64,
}

/// What a decoder gave for a packet.
pub(super) struct Decoded<'a>(&'a mut Owned<sys::AVFrame>);

impl Input {
    pub(super) fn open(path: &Path) -> Result<Self, FfmpegError> {
        let demuxer = open_file(path)?;
        let (stream, decoder) = open_decoder(&demuxer)?;
        // SAFETY: takes nothing; gives a new object or null.
        let packet = unsafe { sys::av_packet_alloc() };
        let packet = Owned::new(packet, sys::av_packet_free, "make a packet")?;
        Ok(Self { demuxer, decoder, packet, frame: new_frame()?, stream, position: 0 })
    }

    /// Decodes on; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Decoded<'_>>, FfmpegError> {
        loop {
            // SAFETY: the decoder is open; the frame is alive, and is emptied first.
            let code = unsafe { sys::avcodec_receive_frame(self.decoder.0, self.frame.0) };
            if code == sys::AVERROR_EOF {
                return Ok(None);
            }
            if is_empty(code) {
                self.feed()?;
                continue;
            }
            check(code, "decode")?;
            // SAFETY: the frame is alive and nobody else's.
            let frame = unsafe { &mut *self.frame.0 };
            frame.pts = self.position;
            self.position += i64::from(frame.nb_samples);
            return Ok(Some(Decoded(&mut self.frame)));
        }
    }

    /// Gives the decoder the next packet of its stream, or tells it that there is none.
    fn feed(&mut self) -> Result<(), FfmpegError> {
        loop {
            // SAFETY: the demuxer is open; the packet is alive and empty.
            let code = unsafe { sys::av_read_frame(self.demuxer.0, self.packet.0) };
            if code == sys::AVERROR_EOF {
                // SAFETY: the decoder is open; no packet means the end.
                let sent = unsafe { sys::avcodec_send_packet(self.decoder.0, null()) };
                return check(sent, "end decoding").map(drop);
            }
            check(code, "read a packet")?;
            // SAFETY: the packet is alive and filled.
            let ours = unsafe { (*self.packet.0).stream_index } == self.stream;
            // SAFETY: the decoder is open; the packet is alive, and stays ours.
            let send = || unsafe { sys::avcodec_send_packet(self.decoder.0, self.packet.0) };
            let sent = if ours { send() } else { 0 };
            // SAFETY: the packet is alive; what the decoder still needs, it refers to itself.
            unsafe { sys::av_packet_unref(self.packet.0) };
            check(sent, "decode a packet")?;
            if ours {
                return Ok(());
            }
        }
    }
}

fn open_file(path: &Path) -> Result<Owned<sys::AVFormatContext>, FfmpegError> {
    let doing = "open the file";
    // The prefix keeps a colon in the path from being taken for a protocol.
    let url = c_string(&format!("file:{}", path.display()), doing)?;
    // SAFETY: sets a number. Warnings on stderr would mix with the output of tests.
    unsafe { sys::av_log_set_level(sys::AV_LOG_FATAL) };
    let mut demuxer = null_mut();
    let to = &raw mut demuxer;
    // SAFETY: null asks for a new object, and stays null on failure; the text outlives the call.
    check(unsafe { sys::avformat_open_input(to, url.as_ptr(), null(), null_mut()) }, doing)?;
    let demuxer = Owned::new(demuxer, sys::avformat_close_input, doing)?;
    // SAFETY: the demuxer is open; options there are none.
    check(unsafe { sys::avformat_find_stream_info(demuxer.0, null_mut()) }, "probe the file")?;
    Ok(demuxer)
}

/// The place of the best audio stream in its file, and its decoder.
fn open_decoder(
    demuxer: &Owned<sys::AVFormatContext>,
) -> Result<(c_int, Owned<sys::AVCodecContext>), FfmpegError> {
    let doing = "open a decoder";
    let audio = sys::AVMediaType::AVMEDIA_TYPE_AUDIO;
    let mut codec = null();
    // SAFETY: the demuxer is open; a codec that is found is static.
    let found = unsafe { sys::av_find_best_stream(demuxer.0, audio, -1, -1, &raw mut codec, 0) };
    let stream = check(found, "find audio")?;
    // SAFETY: the codec is static; gives a new object or null.
    let decoder = unsafe { sys::avcodec_alloc_context3(codec) };
    let decoder = Owned::new(decoder, sys::avcodec_free_context, doing)?;
    // SAFETY: the demuxer is open, and has a stream at the place that it has just named.
    let source = unsafe { &**(*demuxer.0).streams.add(count(stream)) };
    // SAFETY: the decoder and the parameters of the stream are alive; these are copied.
    check(unsafe { sys::avcodec_parameters_to_context(decoder.0, source.codecpar) }, doing)?;
    // SAFETY: the decoder is alive and nobody else's.
    let context = unsafe { &mut *decoder.0 };
    context.pkt_timebase = source.time_base;
    // A plain WAV does not say where its channels belong. Filters want to know: guess, as the
    // command line does.
    if context.ch_layout.order == sys::AVChannelOrder::AV_CHANNEL_ORDER_UNSPEC {
        let channels = context.ch_layout.nb_channels;
        // SAFETY: the layout lives in the decoder, and owns nothing while it has no order.
        unsafe { sys::av_channel_layout_default(&raw mut context.ch_layout, channels) };
    }
    // SAFETY: the decoder is alive, and was made for this codec.
    check(unsafe { sys::avcodec_open2(decoder.0, codec, null_mut()) }, doing)?;
    Ok((stream, decoder))
}

/// A filter graph, and what has come out of it so far. Its two ends belong to it.
pub(super) struct Graph {
    _graph: Owned<sys::AVFilterGraph>,
    source: *mut sys::AVFilterContext,
    sink: *mut sys::AVFilterContext,
    frame: Owned<sys::AVFrame>,
    pcm: Pcm,
}

impl Graph {
    /// The graph that `text` describes, behind the decoder of `input`.
    pub(super) fn new(input: &Input, text: &str) -> Result<Self, FfmpegError> {
        let doing = "build the graph";
        // SAFETY: the decoder is alive.
        let decoder = unsafe { &*input.decoder.0 };
        // SAFETY: takes and gives a plain number.
        let packed = unsafe { sys::av_get_packed_sample_fmt(decoder.sample_fmt) };
        let format = format_name(packed)?;
        let text = format!("{},{text},aformat={format},abuffersink@out", source_of(decoder)?);
        let text = c_string(&text, doing)?;
        // SAFETY: takes nothing; gives a new object or null.
        let graph = unsafe { sys::avfilter_graph_alloc() };
        let graph = Owned::new(graph, sys::avfilter_graph_free, doing)?;
        // SAFETY: the graph is alive and nobody else's. Threads would cost more than they give.
        unsafe { (*graph.0).nb_threads = 1 };
        let (ends, context) = (null_mut(), null_mut());
        // SAFETY: the graph is alive; the text outlives the call; ends that stay open are not asked for.
        let parsed =
            unsafe { sys::avfilter_graph_parse_ptr(graph.0, text.as_ptr(), ends, ends, context) };
        check(parsed, doing)?;
        // SAFETY: the graph is alive; one that is not closed is refused here.
        check(unsafe { sys::avfilter_graph_config(graph.0, null_mut()) }, doing)?;
        // SAFETY: the graph is alive; gives one of its filters or null.
        let end = |name: &CStr| unsafe { sys::avfilter_graph_get_filter(graph.0, name.as_ptr()) };
        let (source, sink) = (end(c"abuffer@in"), end(c"abuffersink@out"));
        if source.is_null() || sink.is_null() {
            return Err(FfmpegError::new(doing, "it has lost its ends"));
        }
        // SAFETY: the sink is alive and configured.
        let rate = count(unsafe { sys::av_buffersink_get_sample_rate(sink) });
        // SAFETY: the same.
        let channels = count(unsafe { sys::av_buffersink_get_channels(sink) });
        // SAFETY: takes and gives a plain number.
        let width = count(unsafe { sys::av_get_bytes_per_sample(packed) });
        let pcm = Pcm { format, rate, channels, width, data: Vec::new() };
        Ok(Self { _graph: graph, source, sink, frame: new_frame()?, pcm })
    }

    /// Gives the graph what was decoded, and takes what comes out.
    pub(super) fn push(&mut self, decoded: Decoded<'_>) -> Result<(), FfmpegError> {
        self.run((decoded.0).0)
    }

    /// Tells the graph that this was all, and gives everything that came out.
    pub(super) fn finish(mut self) -> Result<Pcm, FfmpegError> {
        self.run(null_mut())?;
        Ok(self.pcm)
    }

    fn run(&mut self, frame: *mut sys::AVFrame) -> Result<(), FfmpegError> {
        // SAFETY: the source is alive with its graph; the frame is filled, and emptied by this, or
        // null, which means the end.
        check(unsafe { sys::av_buffersrc_add_frame(self.source, frame) }, "push a frame")?;
        loop {
            // SAFETY: the sink is alive with its graph; the frame is alive and empty.
            let code = unsafe { sys::av_buffersink_get_frame(self.sink, self.frame.0) };
            if is_empty(code) || code == sys::AVERROR_EOF {
                return Ok(());
            }
            check(code, "run the graph")?;
            // SAFETY: the frame is alive and filled.
            let frame = unsafe { &*self.frame.0 };
            let bytes = count::<usize>(frame.nb_samples) * self.pcm.channels * self.pcm.width;
            // SAFETY: the sink gives frames of its own channels, and `aformat` before it sees to the
            // width and to interleaving: so many bytes lie behind the first pointer.
            let samples = unsafe { slice::from_raw_parts(frame.data[0], bytes) };
            self.pcm.data.extend_from_slice(samples);
            // SAFETY: the frame is alive, and `samples` is not used any more.
            unsafe { sys::av_frame_unref(self.frame.0) };
        }
    }
}

/// The first filter of a graph: what the decoder gives.
fn source_of(decoder: &sys::AVCodecContext) -> Result<String, FfmpegError> {
    let mut buffer: [c_char; 64] = [0; 64];
    let (layout, to, size) = (&raw const decoder.ch_layout, buffer.as_mut_ptr(), buffer.len());
    // SAFETY: the layout is alive; the buffer is as long as it is said to be.
    check(unsafe { sys::av_channel_layout_describe(layout, to, size) }, "name the channels")?;
    let (rate, layout) = (decoder.sample_rate, text_in(&buffer));
    let format = format_name(decoder.sample_fmt)?;
    let shape = format!("sample_rate={rate}:sample_fmt={format}:channel_layout={layout}");
    Ok(format!("abuffer@in=time_base=1/{rate}:{shape}"))
}

fn format_name(format: sys::AVSampleFormat) -> Result<&'static str, FfmpegError> {
    // SAFETY: takes a plain number; gives a text in a static table, or null.
    let name = unsafe { sys::av_get_sample_fmt_name(format) };
    // SAFETY: not null, so a static text that ends with a NUL.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) });
    let name = name.and_then(|name| name.to_str().ok());
    name.ok_or_else(|| FfmpegError::new("name the samples", "there is no such format"))
}
